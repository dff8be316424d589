"""The size of what is measured, month by month: changes of the unit, and values that dwarf all.

Quartiles are exact and found by counting equal values, so that memory stays bounded and two runs
agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import EARLIEST_DAY, table_contract
from features.usability.wall import wall_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.tables import Tables

MEASURES: tuple[tuple[str, str, str | None], ...] = (
    ("transactions", "amount", None),
    ("transactions", "quantity", None),
    ("transactions", "discount", None),
    ("activity", "value", "kind"),
    ("subscriptions", "price", "plan"),
    ("payments", "amount", None),
    ("balances", "value", "name"),
)
"""Table, column, and the column whose values are looked at apart, if any."""

MONTH_ROWS = 30
"""Months with fewer rows are passed over, and their quartiles are shown to nobody."""

UNIT_FACTOR = 30.0
"""All quartiles change so many times from one month to the next: another unit (pence, pounds)."""

LEVEL_FACTOR = 5.0
"""The same, for what may also be another currency, price list or kind of row."""

DWARFS = 100.0
"""A value dwarfs the others that is so many times their 99th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """The sizes of one month, without sign and without zeros."""

    month: str
    n_rows: int
    low: float
    median: float
    high: float

    def factor_from(self, before: Quartiles) -> float:
        """Return by how much all quartiles grew at least, or shrank; 1 where they disagree."""
        factors = (
            self.low / before.low,
            self.median / before.median,
            self.high / before.high,
        )
        return max(1.0, min(factors)) * min(1.0, max(factors))


def monthly_quartiles(
    tables: Tables, name: str, column: str, by: str | None = None
) -> dict[str, list[Quartiles]]:
    """Return the quartiles of each month, in order, for each value of ``by``.

    Parameters
    ----------
    tables : the typed tables.
    name : one of them, with its required columns.
    column : a number or sum of money.
    by : column whose values are looked at apart; all together under '' without one.
    """
    clock = wall_sql(table_contract(name).clock, tables.time_zone)
    part = f"coalesce({by}, '')" if by is not None else "''"
    found = tables.connection.sql(
        f"""
        WITH sizes AS (
            SELECT {part} AS part, date_trunc('month', {clock}) AS month,
                CAST(abs({column}) AS DOUBLE) AS size, count(*) AS n
            FROM {name} WHERE {column} <> 0 AND {table_contract(name).clock} BETWEEN
                TIMESTAMP '{EARLIEST_DAY}' AND TIMESTAMP '9999-12-30' GROUP BY ALL
        ), ranked AS (
            SELECT *, sum(n) OVER (PARTITION BY part, month ORDER BY size) AS upto,
                sum(n) OVER (PARTITION BY part, month) AS total
            FROM sizes
        )
        SELECT part, strftime(month, '%Y-%m'), CAST(any_value(total) AS BIGINT),
            min(size) FILTER (upto >= 0.25 * total), min(size) FILTER (upto >= 0.5 * total),
            min(size) FILTER (upto >= 0.75 * total)
        FROM ranked GROUP BY part, month ORDER BY part, month
        """
    ).fetchall()
    sorted_out: dict[str, list[Quartiles]] = {}
    for part_name, month, n_rows, low, middle, high in found:
        sorted_out.setdefault(part_name, []).append(
            Quartiles(month=month, n_rows=n_rows, low=low, median=middle, high=high)
        )
    return sorted_out


def unit_changes(tables: Tables, name: str) -> list[Finding]:
    """Return where the unit or level of what a table measures seems to change."""
    findings = []
    for table, column, by in MEASURES:
        if table != name or column not in tables.columns[name]:
            continue
        apart = by if by in tables.columns[name] else None
        for months in monthly_quartiles(tables, name, column, apart).values():
            findings += _changes(months, name, column)
    return findings


def _changes(months: Sequence[Quartiles], name: str, column: str) -> list[Finding]:
    telling = [month for month in months if month.n_rows >= MONTH_ROWS]
    findings = []
    for before, after in pairwise(telling):
        factor = after.factor_from(before)
        times = max(factor, 1 / factor)
        if times < LEVEL_FACTOR:
            continue
        word = "grows" if factor > 1 else "shrinks"
        is_unit = times >= UNIT_FACTOR
        findings.append(
            Finding(
                severity="warning" if is_unit else "advice",
                table=name,
                column=column,
                count=after.n_rows,
                message=f"{word} about {times:,.3g}-fold from {before.month} to {after.month}, in "
                "all quartiles.",
                advice="It looks like another unit (pence for pounds): bring all rows to one unit "
                "in a query."
                if is_unit
                else "Another currency, price list or kind of row? Bring all rows to one.",
            )
        )
    return findings


def dwarfing_amounts(tables: Tables, name: str) -> list[Finding]:
    """Return how many amounts of a table dwarf all the others."""
    if name not in ("transactions", "payments") or "amount" not in tables.columns[name]:
        return []
    count = tables.connection.sql(
        f"""
        WITH sizes AS (
            SELECT CAST(abs(amount) AS DOUBLE) AS size, count(*) AS n  -- a decimal overflows below
            FROM {name} WHERE amount <> 0 GROUP BY ALL
        ), ranked AS (
            SELECT *, sum(n) OVER (ORDER BY size) AS upto, sum(n) OVER () AS total FROM sizes
        )
        SELECT coalesce(sum(n), 0) FROM ranked
        WHERE size > {DWARFS} * (SELECT min(size) FROM ranked WHERE upto >= 0.99 * total)
        """
    ).fetchall()[0][0]
    if not count:
        return []
    return [
        Finding(
            severity="advice",
            table=name,
            column="amount",
            count=int(count),
            message=f"is more than {DWARFS:g} times the 99th percentile.",
            advice="Corrections of the books, tests or slips of the keyboard weigh more than all "
            "else: drop them in a query if they are no sales.",
        )
    ]
