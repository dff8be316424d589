"""One table at one instant, as an audit speaks of it in SQL: what was seen, and other values.

What was seen is said here in words of its own, on purpose: the point-in-time filter of
``features.seen`` is what is being tried, so nothing of it may be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.tables import SQL_TYPES, table_contract
from features.seen import timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ebbtide.contracts.tables import Column, TableContract

LATER_DAYS = 120
"""How far after the instant a changed row may come to lie, days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A table of the company at an instant.

    Parameters
    ----------
    table : its name.
    columns : the columns that it has.
    as_of : aware instant.
    seed : equal seeds give equal values.
    may_be_known_late : whether to pretend that rows were known late where the table has no
        ``known_at``; what is computed must then heed one that is added.
    """

    table: str
    columns: frozenset[str]
    as_of: datetime
    seed: int
    may_be_known_late: bool = True

    @property
    def contract(self) -> TableContract:
        """What the table promises."""
        return table_contract(self.table)

    @property
    def cut(self) -> str:
        """The instant as a literal."""
        return timestamp_sql(self.as_of)

    @property
    def has_clock(self) -> bool:
        """Whether rows happen at an instant; a row of ``customers`` only becomes known."""
        return self.contract.clock in self.contract.required

    @property
    def happened(self) -> str:
        """Condition: the row happened before the instant."""
        return f"({self.contract.clock} < {self.cut})" if self.has_clock else "TRUE"

    @property
    def known_late(self) -> str:
        """Condition: the row was known at the instant or after it."""
        return f"coalesce(known_at >= {self.cut}, FALSE)" if "known_at" in self.columns else "FALSE"

    @property
    def can_be_known_late(self) -> bool:
        """Whether rows can be added, or declared, that were known late."""
        return self.may_be_known_late or "known_at" in self.columns

    @property
    def seen(self) -> str:
        """Condition: the row had happened, and was known, before the instant."""
        return f"({self.happened} AND NOT {self.known_late})"

    @property
    def completions(self) -> dict[str, tuple[Column, ...]]:
        """Columns that complete a row, each with the columns that it makes true."""
        columns = [c for c in self.contract.columns if c.name in self.columns]
        instants = dict.fromkeys(c.completed_at for c in columns if c.completed_at in self.columns)
        return {
            at: tuple(c for c in columns if c.completed_at == at and c.name != at)
            for at in instants
            if at is not None
        }

    @property
    def unbelievable(self) -> tuple[Column, ...]:
        """Columns that are true only from an instant that the company does not keep."""
        return tuple(
            column
            for column in self.contract.columns
            if column.name in self.columns
            and column.completed_at is not None
            and column.completed_at not in self.columns
        )

    def draw(self, label: str, sides: int) -> str:
        """Return SQL for a number from 0 to ``sides - 1`` that is always the same for a row."""
        return f"CAST(hash(audit_row, '{label}', {self.seed}) % {sides} AS BIGINT)"

    def later(self, label: str) -> str:
        """Return SQL for an instant at or after the cut; a quarter lies exactly at it."""
        within = self.draw(f"{label} within", LATER_DAYS * 86_400_000_000)
        return (
            f"({self.cut} + to_microseconds(CASE {self.draw(label, 4)} WHEN 0 THEN 0 WHEN 1 THEN 1 "
            f"ELSE {within} END))"
        )

    def others(self, label: str) -> dict[str, str]:
        """Return SQL for another value of every column that neither says who nor when."""
        keys = {"customer_id", "known_at", self.contract.clock, *self.completions}
        return {
            column.name: self.other(column, label)
            for column in self.contract.columns
            if column.name in self.columns and column.name not in keys
        }

    def other(self, column: Column, label: str) -> str:
        """Return SQL for another value of a column that keeps its contract."""
        drawn = self.draw(f"{label} {column.name}", 1_000_000)
        value = f"CAST({self._other(column, drawn)} AS {SQL_TYPES[column.kind]})"
        return value if column.is_required else f"CASE WHEN {drawn} % 7 > 0 THEN {value} END"

    def _other(self, column: Column, drawn: str) -> str:
        if column.choices:
            return f"list_extract({list(column.choices)!r}, 1 + {drawn} % {len(column.choices)})"
        if column.kind == "instant":
            return self.later(column.name)
        if column.kind == "flag":
            return f"{drawn} % 2 = 0"
        if column.kind == "money":
            return f"({drawn} - {100_000 if column.low is None else 0}) / 100.0"
        if column.kind == "number":
            # Where a second column limits the values, 1 to 5 lies within every limit.
            low, high = (1, 5) if column.limits_by else (column.low or 0, column.high or 1000)
            return f"{low} + ({high} - {low}) * ({drawn} / 999999.0)"
        return f"CASE WHEN {drawn} % 3 > 0 THEN {column.name} ELSE 'audit-' || ({drawn} % 50) END"

    def rows(
        self,
        replaced: Mapping[str, str] | None = None,
        *,
        where: str = "TRUE",
        tail: str = "",
    ) -> str:
        """Return the query for the table's rows, with some columns replaced.

        Parameters
        ----------
        replaced : SQL by the name of a column; ``known_at`` is added where the table has none.
        where : condition for the rows.
        tail : what follows, such as an order.
        """
        names = [c.name for c in self.contract.columns if c.name in self.columns]
        replaced = replaced or {}
        names += [name for name in replaced if name not in self.columns]
        selected = ", ".join(
            f'CAST({replaced[name]} AS {self._type(name)}) AS "{name}"'
            if name in replaced
            else f'"{name}"'
            for name in names
        )
        return f"SELECT {selected} FROM marked WHERE {where} {tail}"

    def changed(self, replaced: Mapping[str, str], *, where: str) -> str:
        """Return the query for all rows, of which those under a condition are changed."""
        return self.rows(
            {
                name: f"CASE WHEN {where} THEN {sql} ELSE "
                f"{name if name in self.columns else 'NULL'} END"
                for name, sql in replaced.items()
            }
        )

    def _type(self, name: str) -> str:
        return SQL_TYPES[self.contract.column(name).kind]
