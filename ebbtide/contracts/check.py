"""Check one raw table completely against its contract, in one pass over it.

The table is a relation that DuckDB can read, whatever its column types; nothing is changed and no
value is ever quoted.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import typed_sql
from ebbtide.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from ebbtide.contracts.findings import Severity
    from ebbtide.contracts.tables import Column, TableContract


def check_table(
    connection: DuckDBPyConnection, relation: str, contract: TableContract, *, now: datetime
) -> list[Finding]:
    """Return everything that is wrong with a table.

    Parameters
    ----------
    connection : where the relation can be read.
    relation : name of a table or view.
    contract : what it should be.
    now : the present; later rows are errors.

    Returns
    -------
    list of Finding
        Errors first; empty where the table keeps its contract.
    """
    found = {name: kind for name, kind, *_ in connection.sql(f"DESCRIBE {relation}").fetchall()}
    missing = [name for name in contract.required if name not in found]
    if missing and any(_READS_AS_DATA.search(name) for name in found):
        return [_headless(contract, missing)]
    findings = [_missing(contract, missing, sorted(found))] if missing else []
    columns = [column for column in contract.columns if column.name in found]
    counts = _counts(connection, relation, columns, contract, now)
    if counts["n_rows"] == 0:
        return [*findings, _empty(contract)]
    findings += [
        finding
        for column in columns
        for finding in _column_findings(contract, column, counts, str(found[column.name]))
    ]
    findings += _duplicate_rows(connection, relation, contract)
    ignored = sorted(set(found) - set(contract.names))
    if ignored and not missing:
        named = ", ".join(ignored)
        findings.append(
            _finding(
                "advice",
                contract,
                None,
                0,
                f"has columns that nobody reads: {named}.",
                "Leave them, or map them to columns of the contract.",
            )
        )
    gravity = ("error", "warning", "advice")
    return sorted(findings, key=lambda finding: gravity.index(finding.severity))


def _empty(contract: TableContract) -> Finding:
    severity: Severity = "error" if contract.name == "transactions" else "warning"
    advice = "Check its path or query, or leave the table out until it has rows."
    return _finding(severity, contract, None, 0, "has no rows.", advice)


def _counts(
    connection: DuckDBPyConnection,
    relation: str,
    columns: Sequence[Column],
    contract: TableContract,
    now: datetime,
) -> dict[str, int]:
    parts = ["count(*) AS n_rows"]
    for column in columns:
        parts += [
            f'count(*) FILTER ({test}) AS "{column.name}/{problem}"'
            for problem, test in _tests(column, contract, now)
            if _others_read(column, problem, contract) <= {column.name for column in columns}
        ]
    counted = connection.sql(f"SELECT {', '.join(parts)} FROM {relation}")
    return dict(zip(counted.columns, counted.fetchall()[0], strict=True))


def _tests(column: Column, contract: TableContract, now: datetime) -> list[tuple[str, str]]:
    raw = f'"{column.name}"'
    typed = typed_sql(column)
    tests = [("null", f"{raw} IS NULL"), ("type", f"{raw} IS NOT NULL AND {typed} IS NULL")]
    if column.kind in ("id", "text"):
        tests.append(("blank", f"trim({typed}) = ''"))
    if column.kind == "id":
        tests.append(("float", f"regexp_full_match({typed}, '[0-9]+\\.0')"))
    if column.kind == "number":
        tests.append(("finite", f"NOT isfinite({typed})"))
    if column.low is not None:
        tests.append(("low", f"{typed} < {column.low}"))
    if column.high is not None:
        tests.append(("high", f"{typed} > {column.high}"))
    if column.choices:
        choices = ", ".join(f"'{choice}'" for choice in column.choices)
        tests.append(("choice", f"{typed} NOT IN ({choices})"))
    if column.limits_by is not None:
        by, limits = column.limits_by
        outside = [
            f"({by} = '{choice}' AND {typed} NOT BETWEEN {low} AND {high})"
            for choice, low, high in limits
        ]
        tests.append(("limits", " OR ".join(outside)))
    # What falls due tomorrow may be on record today.
    may_lie_ahead = contract.name == "payments" and column.name == contract.clock
    if column.name in (contract.clock, "known_at") and not may_lie_ahead:
        tests.append(
            ("future", f"{typed} > TIMESTAMP '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'")
        )
    # What is due may be paid early; nothing else is completed before it happened.
    may_come_early = contract.name == "payments" or contract.clock not in contract.required
    if column.completed_at == column.name and not may_come_early:
        tests.append(("order", f"{typed} < {typed_sql(contract.column(contract.clock))}"))
    return tests


def _column_findings(
    contract: TableContract, column: Column, counts: dict[str, int], raw_type: str
) -> list[Finding]:
    def count(problem: str) -> int:
        return counts.get(f"{column.name}/{problem}", 0)

    def found(severity: Severity, problem: str, message: str, advice: str) -> list[Finding]:
        n = count(problem)
        return [_finding(severity, contract, column, n, message, advice)] if n else []

    limits = _limits(column)
    findings = [
        *found(
            "error",
            "type",
            f"holds values that are no {column.kind}.",
            "Correct them at the source, or convert them in a query.",
        ),
        *found(
            "error",
            "blank" if column.is_required else "",
            "holds empty text.",
            "Every row needs a value; drop the others in a query.",
        ),
        *found(
            "error",
            "null" if column.is_required else "",
            "is null in some rows.",
            "Every row needs a value; drop the others in a query.",
        ),
        *found(
            "warning",
            "float",
            "looks like numbers with '.0' behind them.",
            "Cast the ids to whole numbers, or they will not match other tables.",
        ),
        *found("error", "finite", "holds NaN or infinity.", "Make them null."),
        *found(
            "error",
            "low",
            f"lies outside its range: expected {limits}.",
            "Check the unit; correct or drop these rows.",
        ),
        *found(
            "error",
            "high",
            f"lies outside its range: expected {limits}.",
            "Check the unit; correct or drop these rows.",
        ),
        *found(
            "error",
            "limits",
            f"lies outside the range that goes with it: expected {_limits_by(column)}.",
            "Check the scale; correct or drop these rows.",
        ),
        *found(
            "error",
            "choice",
            f"is none of {', '.join(column.choices)}.",
            "Map the values in a query.",
        ),
        *found(
            "error", "future", "lies in the future.", "Check the time zone and the date format."
        ),
        *found(
            "warning", "order", f"lies before {contract.clock}.", "Check which column is which."
        ),
    ]
    if column.kind == "instant" and "TIME ZONE" not in raw_type and raw_type != "VARCHAR":
        findings.append(
            _finding(
                "advice",
                contract,
                column,
                0,
                "carries no time zone.",
                "It is read in project.time_zone.",
            )
        )
    return findings


def _duplicate_rows(
    connection: DuckDBPyConnection, relation: str, contract: TableContract
) -> list[Finding]:
    counted = connection.sql(
        f"SELECT (SELECT count(*) FROM {relation}) - "
        f"(SELECT count(*) FROM (SELECT DISTINCT * FROM {relation}))"
    )
    n = int(counted.fetchall()[0][0])
    if n == 0:
        return []
    return [
        _finding(
            "warning",
            contract,
            None,
            n,
            "repeats rows exactly.",
            "If they are one event stored twice, use SELECT DISTINCT in a query.",
        )
    ]


def _others_read(column: Column, problem: str, contract: TableContract) -> set[str]:
    """Name the other columns that a test looks at."""
    if problem == "limits" and column.limits_by is not None:
        return {column.limits_by[0]}
    return {contract.clock} if problem == "order" else set()


def _limits(column: Column) -> str:
    if column.low is not None and column.high is not None:
        return f"between {column.low:g} and {column.high:g}"
    return f"at least {column.low:g}" if column.low is not None else f"at most {column.high}"


def _limits_by(column: Column) -> str:
    limits = column.limits_by[1] if column.limits_by is not None else ()
    return ", ".join(f"{choice} {low:g} to {high:g}" for choice, low, high in limits)


_READS_AS_DATA = re.compile(r"\d{4}-\d\d?-\d\d?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|^[+-]?\d[\d\s.,]*$|@")
"""A date, a number or an address: no name of a column."""


def hint_at_columns(given: str, present: Sequence[str]) -> str:
    """Return a hint at the columns of a file, unless its first line seems to hold values."""
    if any(_READS_AS_DATA.search(name) for name in present):
        return "the first line of the file seems to hold values and not names"
    return did_you_mean(given, present)


def _headless(contract: TableContract, missing: list[str]) -> Finding:
    return _finding(
        "error",
        contract,
        None,
        0,
        f"lacks {', '.join(missing)}, and its first line seems to hold values and not names.",
        "Write the names of the columns into the first line of the file.",
    )


def _missing(contract: TableContract, missing: list[str], present: list[str]) -> Finding:
    return Finding(
        severity="error",
        table=contract.name,
        column=None,
        count=0,
        message=f"lacks {', '.join(missing)}; it has {', '.join(present)}.",
        advice=(
            "It has one column only: if its delimiter is unusual, read it by a query with "
            "read_csv(..., delim = '...')."
            if len(present) == 1
            else f'Map them: [tables.{contract.name}] columns = {{ {missing[0]} = "..." }}, '
            f"or name them so in the query."
        ),
    )


def _finding(
    severity: Severity,
    contract: TableContract,
    column: Column | None,
    count: int,
    message: str,
    advice: str,
) -> Finding:
    return Finding(
        severity=severity,
        table=contract.name,
        column=None if column is None else column.name,
        count=count,
        message=message,
        advice=advice,
    )
