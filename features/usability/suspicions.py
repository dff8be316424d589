"""Rows that keep the contract and are still not what they seem, counted in one pass over a table.

Default dates, words for nobody, test rows, dates without a time, amounts without a meaning. What
depends on the order of time is for ``features.usability.log``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import table_contract
from features.usability.wall import wall_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.contracts.findings import Severity
    from ebbtide.contracts.tables import TableContract
    from features.tables import Tables

DEFAULT_DAYS = (
    *("1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "2099-12-31", "9999-12-31"),
)
"""Days that programs write where they know none."""

NOBODY = (
    *("unknown", "none", "null", "nan", "n/a", "na", "undefined", "anonymous", "guest"),
    *("-", "?", "(null)", "#n/a", "no id", "missing", "walk-in", "nobody"),
)
"""Words for nobody, in small letters."""

TEST_WORDS = r"(^|[^a-z])(test|dummy|adjust)[a-z]{0,4}([^a-z]|$)"
"""What rows of tests and corrections of the books are called, in small letters."""

HAS_TIME_OF_DAY = ("transactions", "complaints", "activity", "surveys")
"""Tables whose rows happen at a time of day; what falls due or begins does so on a day."""

MIDNIGHT_SHARE = 0.05
"""Share of rows at exactly midnight from which dates without a time seem to be among them."""

EMPTY_SHARE = 0.5
"""Share of nulls from which features of an optional column rest on few rows."""

NIGHT_SHARE = 0.5
"""Share of rows between midnight and five o'clock from which the time zone seems to be another."""

RETURNS_SHARE = 0.3
"""Share of negative amounts from which they are probably no returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspicion:
    """A condition on a column, and from which share of rows on it is worth a finding."""

    severity: Severity
    column: str
    holds: str
    message: str
    advice: str
    at_least: float = 0.0
    below: float = 2.0


def suspicious_rows(tables: Tables, name: str) -> list[Finding]:
    """Return what is suspicious in the rows of a table.

    Parameters
    ----------
    tables : the typed tables.
    name : one of them, with its required columns.
    """
    suspicions = list(_suspicions(table_contract(name), tables))
    counted = [f"count(*) FILTER ({suspicion.holds})" for suspicion in suspicions]
    n_rows, *counts = tables.connection.sql(
        f"SELECT {', '.join(['count(*)', *counted])} FROM {name}"
    ).fetchall()[0]
    return [
        Finding(
            severity=suspicion.severity,
            table=name,
            column=suspicion.column,
            count=count,
            message=suspicion.message,
            advice=suspicion.advice,
        )
        for suspicion, count in zip(suspicions, counts, strict=True)
        if count and suspicion.at_least <= count / n_rows < suspicion.below
    ]


def _suspicions(contract: TableContract, tables: Tables) -> Iterator[_Suspicion]:
    present = tables.columns[contract.name]
    for column in contract.columns:
        if column.name not in present:
            continue
        if column.kind == "instant":
            yield _default_date(column.name, tables.time_zone)
        if column.kind in ("id", "text"):
            yield _test_row(column.name)
        # What is filled in later, or stands for the clock where it is null, is rightly null.
        if not column.is_required and column.completed_at is None and column.name != "known_at":
            yield _mostly_null(column.name)
    yield _nobody()
    if contract.name in HAS_TIME_OF_DAY:
        yield from _without_time(contract.clock, tables.time_zone)
        yield _at_night(contract.clock, tables.time_zone)
    if contract.name == "transactions":
        yield from _amounts()


def _default_date(column: str, time_zone: str) -> _Suspicion:
    days = ", ".join(f"DATE '{day}'" for day in DEFAULT_DAYS)
    wall = wall_sql(column, time_zone)
    return _Suspicion(
        severity="warning",
        column=column,
        holds=f"CAST({wall} AS DATE) IN ({days})",
        message="holds dates that stand for none, such as 1900-01-01 or 1970-01-01.",
        advice="Make them null, or drop these rows in a query.",
    )


def _test_row(column: str) -> _Suspicion:
    return _Suspicion(
        severity="advice",
        column=column,
        holds=f"regexp_matches(lower({column}), '{TEST_WORDS}')",
        message="names tests, dummies or adjustments.",
        advice="If these rows are no business with a customer, drop them in a query.",
    )


def _mostly_null(column: str) -> _Suspicion:
    return _Suspicion(
        severity="advice",
        column=column,
        holds=f"{column} IS NULL",
        at_least=EMPTY_SHARE,
        message="is null in most rows.",
        advice="Features of it rest on the few others; leave the column out, or fill it at the "
        "source.",
    )


def _nobody() -> _Suspicion:
    words = ", ".join(f"'{word}'" for word in NOBODY)
    return _Suspicion(
        severity="warning",
        column="customer_id",
        holds=f"lower(trim(customer_id)) IN ({words})",
        message="holds words for nobody, such as 'unknown' or 'guest'.",
        advice="All of them count as one customer; drop these rows in a query.",
    )


def _without_time(clock: str, time_zone: str) -> Iterator[_Suspicion]:
    wall = wall_sql(clock, time_zone)
    is_midnight = f"CASE WHEN isfinite({wall}) THEN {wall} = date_trunc('day', {wall}) END"
    yield _Suspicion(
        severity="advice",
        column=clock,
        holds=is_midnight,
        at_least=1.0,
        message="holds dates without a time of day.",
        advice="Each counts from the midnight its day begins with, so take snapshots at midnight.",
    )
    yield _Suspicion(
        severity="advice",
        column=clock,
        holds=is_midnight,
        at_least=MIDNIGHT_SHARE,
        below=1.0,
        message="is exactly midnight in many rows, and not in others.",
        advice="Some source may give dates without a time; within a day the order is then unknown.",
    )


def _at_night(clock: str, time_zone: str) -> _Suspicion:
    wall = wall_sql(clock, time_zone)
    return _Suspicion(
        severity="advice",
        column=clock,
        holds=f"CASE WHEN isfinite({wall}) THEN hour({wall}) < 5 "
        f"AND {wall} <> date_trunc('day', {wall}) END",
        at_least=NIGHT_SHARE,
        message="lies between midnight and five o'clock in most rows.",
        advice="Check project.time_zone: where days begin decides what a snapshot sees.",
    )


def _amounts() -> Iterator[_Suspicion]:
    yield _Suspicion(
        severity="warning",
        column="amount",
        holds="amount = 0",
        at_least=1.0,
        message="is zero in every row.",
        advice="Features of money say nothing; bring the amounts if there are any.",
    )
    yield _Suspicion(
        severity="advice",
        column="amount",
        holds="amount = 0",
        below=1.0,
        message="is zero.",
        advice="It counts as a purchase; drop gifts, samples and corrections in a query.",
    )
    yield _Suspicion(
        severity="advice",
        column="amount",
        holds="amount = (SELECT min(amount) FROM transactions) AND amount <> 0",
        at_least=1.0,
        message="is the same in every row.",
        advice="Features of money then only count purchases; bring the amounts if there are any.",
    )
    yield _Suspicion(
        severity="warning",
        column="amount",
        holds="amount < 0",
        at_least=1.0,
        message="is negative in every row.",
        advice="A negative amount is a return, so nobody ever bought: turn the sign in a query.",
    )
    yield _Suspicion(
        severity="warning",
        column="amount",
        holds="amount < 0",
        at_least=RETURNS_SHARE,
        below=1.0,
        message="is negative in a large share of the rows.",
        advice="A negative amount is a return; drop or net what is a discount or a payment.",
    )
