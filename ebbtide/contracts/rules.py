"""What each column of a table is held to: a condition that breaks the rule, and the words for it.

A rule is data; ``ebbtide.contracts.check`` counts the rows that break it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from ebbtide.contracts.forms import ACCEPTED
from ebbtide.contracts.tables import EARLIEST_DAY, SIZE_LIMIT, typed_sql
from ebbtide.contracts.taken import MAX_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ebbtide.contracts.findings import Severity
    from ebbtide.contracts.tables import Column, ColumnKind, TableContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule for one column."""

    severity: Severity
    broken: str
    """SQL that is true in the rows that break it."""
    message: str
    advice: str
    reads: frozenset[str] = frozenset()
    """Other columns that it looks at; without them there is no such rule."""
    no_value_of: ColumnKind | None = None
    """The kind that values are not of, where that is the rule."""


def column_rules(
    column: Column, contract: TableContract, *, raw_type: str, now: datetime
) -> list[Rule]:
    """Return the rules of a column in a table that has it.

    Parameters
    ----------
    column : one of the contract's.
    contract : the table's.
    raw_type : how DuckDB holds the column before it is typed.
    now : the present.
    """
    return [
        *_presence(column),
        *_truth(column, raw_type),
        *_form(column),
        *_size(column),
        *_range(column),
        *_time(column, contract, now),
        *_zone(column, raw_type),
    ]


def _presence(column: Column) -> Iterator[Rule]:
    raw, typed = f'"{column.name}"', typed_sql(column)
    is_none = f"{raw} IS NOT NULL AND {typed} IS NULL"
    if column.kind == "money":
        is_none += f" AND NOT coalesce({_is_too_large(column)}, false)"
    yield Rule(
        severity="error",
        broken=is_none,
        message=f"holds values that are no {column.kind}.{_expected(column)}",
        advice="Correct them at the source, or convert them in a query.",
        no_value_of=column.kind,
    )
    if not column.is_required:
        return
    drop = "Every row needs a value; drop the others in a query."
    if column.kind in ("id", "text"):
        blank = f"trim({typed}) = ''"
        yield Rule(severity="error", broken=blank, message="holds empty text.", advice=drop)
    yield Rule(
        severity="error", broken=f"{raw} IS NULL", message="is null in some rows.", advice=drop
    )


def _expected(column: Column) -> str:
    return f" Expected {ACCEPTED[column.kind]}." if column.kind in ACCEPTED else ""


def _truth(column: Column, raw_type: str) -> Iterator[Rule]:
    if column.kind in ("money", "number") and raw_type == "BOOLEAN":
        yield Rule(
            severity="error",
            broken=f'"{column.name}" IS NOT NULL',
            message=f"holds true and false where {column.kind} is expected.",
            advice="Check which column is which; count them as 1 and 0 in a query if that is "
            "meant.",
        )


def _form(column: Column) -> Iterator[Rule]:
    typed = typed_sql(column)
    if column.kind in ("id", "text"):
        yield Rule(
            severity="error",
            broken=f"contains({typed}, chr(0))",
            message="holds a NUL byte.",
            advice="The file is damaged, or no text; write it again.",
        )
    if column.kind == "id":
        yield Rule(
            severity="warning",
            broken=f"NOT regexp_full_match({typed}, '[^[:cntrl:]]{{0,{MAX_ID_LENGTH}}}')",
            message=f"holds control characters, or more than {MAX_ID_LENGTH} characters.",
            advice=f"The service takes ids of 1 to {MAX_ID_LENGTH} printable characters; "
            "clean them.",
        )
        yield Rule(
            severity="advice",
            broken=f"{typed} <> trim({typed})",
            message="begins or ends with a space.",
            advice="'a' and 'a ' are two different ids; trim them in a query if they are one.",
        )
        yield Rule(
            severity="warning",
            broken=f"regexp_full_match({typed}, '[0-9]+\\.0')",
            message="looks like numbers with '.0' behind them.",
            advice="Cast the ids to whole numbers, or they will not match other tables.",
        )
    if column.kind == "number":
        yield Rule(
            severity="error",
            broken=f"NOT isfinite({typed})",
            message="holds NaN or infinity.",
            advice="Make them null.",
        )


def _size(column: Column) -> Iterator[Rule]:
    if column.kind not in ("money", "number") or column.high is not None:
        return
    yield Rule(
        severity="error",
        broken=_is_too_large(column),
        message=f"is beyond what can be summed exactly, expected below {SIZE_LIMIT:g} in size.",
        advice="Check the unit; correct or drop these rows.",
    )


def _is_too_large(column: Column) -> str:
    """Return the SQL of what is finite and too large; money of that size is none when typed."""
    size = f'TRY_CAST("{column.name}" AS DOUBLE)'
    return f"(isfinite({size}) AND abs({size}) >= {SIZE_LIMIT:.1f})"


def _range(column: Column) -> Iterator[Rule]:
    typed = typed_sql(column)
    outside = [f"{typed} < {column.low}"] if column.low is not None else []
    outside += [f"{typed} > {column.high}"] if column.high is not None else []
    if outside:
        yield Rule(
            severity="error",
            broken=" OR ".join(outside),
            message=f"lies outside its range: expected {_limits(column)}.",
            advice="Check the unit; correct or drop these rows.",
        )
    if column.limits_by is not None:
        by, limits = column.limits_by
        each = ", ".join(f"{choice} {low:g} to {high:g}" for choice, low, high in limits)
        yield Rule(
            severity="error",
            broken=" OR ".join(
                f"({by} = '{choice}' AND {typed} NOT BETWEEN {low} AND {high})"
                for choice, low, high in limits
            ),
            message=f"lies outside the range that goes with it: expected {each}.",
            advice="Check the scale; correct or drop these rows.",
            reads=frozenset({by}),
        )
    if column.choices:
        choices = ", ".join(f"'{choice}'" for choice in column.choices)
        yield Rule(
            severity="error",
            broken=f"{typed} NOT IN ({choices})",
            message=f"is none of {', '.join(column.choices)}.",
            advice="Map the values in a query.",
        )


def _time(column: Column, contract: TableContract, now: datetime) -> Iterator[Rule]:
    typed = typed_sql(column)
    ahead = f"{typed} > TIMESTAMP '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"
    is_due = contract.name == "payments"
    clock = contract.column(contract.clock)
    has_clock = clock.is_required
    before = f"{typed} < {typed_sql(clock)}"
    reads = frozenset({clock.name})
    if column.kind != "instant":
        return
    yield from _too_early(typed)
    # What falls due tomorrow may be on record today.
    if column.name == "known_at" or (column.name == clock.name and not is_due):
        yield Rule(
            severity="error",
            broken=ahead,
            message="lies in the future.",
            advice="Check the time zone and the date format.",
        )
    if column.completed_at == column.name:
        yield Rule(
            severity="warning",
            broken=ahead,
            message="lies in the future: planned, or by a wrong clock.",
            advice="It counts as not yet so; check the time zone and the date format.",
        )
    # What is due may be paid early; nothing else is completed before it happened.
    if column.completed_at == column.name and has_clock and not is_due:
        yield Rule(
            severity="warning",
            broken=before,
            message=f"lies before {clock.name}.",
            advice="Check which column is which.",
            reads=reads,
        )
    if column.name == "known_at" and has_clock and not is_due:
        yield Rule(
            severity="advice",
            broken=before,
            message=f"lies before {clock.name}.",
            advice="A row is seen once both have passed; check which column is which.",
            reads=reads,
        )


def _too_early(typed: str) -> Iterator[Rule]:
    # From year 0, as which '00-05-14' is read, a day of other time zones behind the year 99.
    two_digits = f"({typed} >= TIMESTAMP '0000-01-01' AND {typed} < TIMESTAMP '0100-01-02')"
    yield Rule(
        severity="error",
        broken=two_digits,
        message="lies before the year 100: years are probably written with two digits.",
        advice="Write four at the source, or read them in a query by strptime, with %y and in "
        "their own order, such as '%y-%m-%d' or '%m/%d/%y'.",
    )
    yield Rule(
        severity="error",
        broken=f"{typed} < TIMESTAMP '{EARLIEST_DAY}' AND NOT {two_digits}",
        message="lies before the year 1900, or infinitely far back.",
        advice="Make it null, or drop these rows in a query.",
    )


_WITH_ZONE = r":[0-9]{2}(\.[0-9]+)?\s*(Z|z|[+-][0-9]{2}(:?[0-9]{2})*|[A-Za-z][A-Za-z0-9/_+-]*)\s*$"
"""A time of day, and behind it an offset or the name of a zone."""


def _zone(column: Column, raw_type: str) -> Iterator[Rule]:
    if column.kind != "instant" or "TIME ZONE" in raw_type:
        return
    raw = f'"{column.name}"'
    is_text = raw_type == "VARCHAR"
    yield Rule(
        severity="advice",
        broken=(
            f"{typed_sql(column)} IS NOT NULL AND NOT regexp_matches({raw}, '{_WITH_ZONE}')"
            if is_text
            else f"{raw} IS NOT NULL"
        ),
        message="carries no time zone.",
        advice="It is read in project.time_zone.",
    )


def _limits(column: Column) -> str:
    if column.low is not None and column.high is not None:
        return f"between {column.low:g} and {column.high:g}"
    return f"at least {column.low:g}" if column.low is not None else f"at most {column.high}"
