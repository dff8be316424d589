"""The same rows present twice: exports that overlap, copies that differ by blanks, versions of one.

Rows that are equal to the letter are counted by ``ebbtide.contracts.check``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import table_contract
from features.usability.wall import wall_sql

if TYPE_CHECKING:
    from features.tables import Tables

COPIED_SHARE = 0.9
"""A day is copied if so many of its different rows are there more than once ..."""

MOST_DAYS = 0.5
"""Where so many of the days are copied, it is no overlap: rows are versions, or all is doubled."""

COPIED_DAY_ROWS = 20
"""... and it has so many rows; on a quieter day that may be chance."""

ONE_ROW_FOR_EACH: dict[str, tuple[str, ...]] = {
    "complaints": ("customer_id", "opened_at"),
    "subscriptions": ("customer_id", "started_at", "plan"),
    "surveys": ("customer_id", "answered_at", "metric"),
    "balances": ("customer_id", "measured_at", "name"),
    "payments": ("customer_id", "due_at", "amount"),
    "treatments": ("customer_id", "assigned_at", "action"),
    "customers": ("customer_id",),
}
"""Columns in which two rows of a table are hardly ever equal and yet two things."""

VERSIONS_SHARE = 0.01
"""Share of repeated rows from which a table seems to hold versions and not cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """How often the rows of a day are there."""

    day: str | None
    n_rows: int
    n_different: int
    """Without exact copies of what is read."""
    n_spelled_once: int
    """Also without copies but for blanks, case and known_at."""
    n_copied: int
    """Of those, how many are there more than once."""


def copied_rows(tables: Tables, name: str, *, n_exact: int) -> list[Finding]:
    """Return copies in a table: whole days that are there twice, and rows but for their spelling.

    Parameters
    ----------
    tables : the typed tables.
    name : one of them, with its required columns.
    n_exact : how many rows repeat another to the letter in all columns; they are known already.
    """
    days = _days(tables, name)
    findings = _overlaps(name, days)
    n_read_alike = sum(day.n_rows - day.n_different for day in days) - n_exact
    n_spelled_alike = sum(day.n_different - day.n_spelled_once for day in days)
    if n_read_alike > 0:
        findings.append(
            Finding(
                severity="warning",
                table=name,
                count=n_read_alike,
                message="repeats rows in all that is read; they differ only in other columns.",
                advice="If they are one event stored twice, or versions of it, keep one of each in "
                "a query.",
            )
        )
    if n_spelled_alike > 0:
        findings.append(
            Finding(
                severity="warning",
                table=name,
                count=n_spelled_alike,
                message="repeats rows but for blanks, case or known_at.",
                advice="If they are one event stored twice, trim the text and keep one of each in "
                "a query.",
            )
        )
    return findings


def repeated_cases(tables: Tables, name: str) -> list[Finding]:
    """Return how many rows of a table seem to be versions of another row."""
    key = [column for column in ONE_ROW_FOR_EACH.get(name, ()) if column in tables.columns[name]]
    if not key:
        return []
    listed = ", ".join(key)
    n_rows, n_repeated = tables.connection.sql(
        f"SELECT coalesce(sum(n), 0), coalesce(sum(n - 1), 0) FROM ("
        f"SELECT count(*) AS n FROM (SELECT DISTINCT * FROM {name}) GROUP BY {listed})"
    ).fetchall()[0]
    if not n_repeated:
        return []
    is_grave = name == "customers" or n_repeated >= VERSIONS_SHARE * n_rows
    return [
        Finding(
            severity="warning" if is_grave else "advice",
            table=name,
            column=key[-1],
            count=n_repeated,
            message=f"has more than one row with the same {' and '.join(key)}.",
            advice="One row for each is expected. If these are versions of one (updates of a "
            "ticket), keep the last of each in a query.",
        )
    ]


def _days(tables: Tables, name: str) -> list[_Day]:
    contract = table_contract(name)
    if contract.clock not in contract.required:
        return []
    present = [column for column in contract.columns if column.name in tables.columns[name]]
    exact = ", ".join(column.name for column in present)
    spelled = ", ".join(
        f"lower(trim({column.name}))" if column.kind in ("id", "text") else column.name
        for column in present
        if column.name != "known_at"
    )
    wall = wall_sql(contract.clock, tables.time_zone)
    found = tables.connection.sql(
        f"""
        WITH exact AS (
            SELECT CAST(CAST({wall} AS DATE) AS VARCHAR) AS day,
                hash({spelled}) AS spelled, hash({exact}) AS exact, count(*) AS n
            FROM {name} GROUP BY ALL
        ), spelled AS (
            SELECT day, spelled, sum(n) AS n, count(*) AS spellings FROM exact GROUP BY ALL
        )
        SELECT day, CAST(sum(n) AS BIGINT), CAST(sum(spellings) AS BIGINT), count(*),
            count(*) FILTER (n > 1)
        FROM spelled GROUP BY day ORDER BY day
        """
    ).fetchall()
    return [
        _Day(day=day, n_rows=n, n_different=different, n_spelled_once=once, n_copied=copied)
        for day, n, different, once, copied in found
    ]


def _overlaps(name: str, days: list[_Day]) -> list[Finding]:
    """Return the stretches of days that are there twice; quiet days do not end a stretch."""
    telling = [day for day in days if day.day is not None and day.n_rows >= COPIED_DAY_ROWS]
    grouped = groupby(telling, key=lambda day: day.n_copied >= COPIED_SHARE * day.n_spelled_once)
    runs = [list(run) for is_copied, run in grouped if is_copied]
    copied = [day for run in runs for day in run]
    if len(copied) > MOST_DAYS * len(telling) and len(copied) > 1:
        return [
            Finding(
                severity="warning",
                table=name,
                count=sum(day.n_rows - day.n_spelled_once for day in copied),
                message=f"holds nearly all rows more than once, on {len(copied):,} of "
                f"{len(telling):,} days.",
                advice="Either rows are versions of one (updates of a ticket), or all was exported "
                "twice: keep one of each in a query.",
            )
        ]
    return [_overlap(name, run) for run in runs]


def _overlap(name: str, run: list[_Day]) -> Finding:
    first, last = run[0].day, run[-1].day
    return Finding(
        severity="warning",
        table=name,
        count=sum(day.n_rows - day.n_spelled_once for day in run),
        message=f"holds everything {f'of {first}' if first == last else f'from {first} to {last}'} "
        "twice.",
        advice="Two exports overlap there: leave one of them out for these days in a query.",
    )
