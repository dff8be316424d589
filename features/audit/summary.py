"""What an audit says, in sentences and rows that the terminal, the page and the document share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.tables import table_contract
from features.audit.perturbations import PERTURBATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from features.audit.audit import Audit, Movements
    from features.audit.perturbations import Perturbation


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One perturbation over all instants.

    Parameters
    ----------
    perturbation : what was done.
    touched : rows that were changed in each table, over all instants.
    moved_columns : how many columns moved.
    moved_customers : how many customers came or went.
    """

    perturbation: Perturbation
    touched: Mapping[str, int]
    moved_columns: int
    moved_customers: int

    @property
    def outcome(self) -> str:
        """In a word or two."""
        if not any(self.touched.values()):
            return "nothing to change"
        moved = self.moved_columns or self.moved_customers
        if self.perturbation.kind == "control":
            return f"{self.moved_columns} moved, as they must" if moved else "moved nothing"
        return f"{self.moved_columns} moved" if moved else "nothing moved"

    @property
    def is_bad(self) -> bool:
        """Whether it is not as it must be."""
        moved = bool(self.moved_columns or self.moved_customers)
        was_tried = any(self.touched.values())
        return was_tried and moved != (self.perturbation.kind == "control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One column that one perturbation moved, over all instants."""

    column: str
    perturbation: Perturbation
    tables: tuple[str, ...]
    customers: int
    largest_change: float | None


def tried(movements: Movements) -> list[Tried]:
    """Return one row for each perturbation; what moves by itself is not counted."""
    rows = []
    for perturbation in PERTURBATIONS:
        trials = [one for one in movements.trials if one.perturbation.name == perturbation.name]
        touched: dict[str, int] = {}
        for trial in trials:
            for table, count in trial.touched.items():
                touched[table] = touched.get(table, 0) + count
        rows.append(
            Tried(
                perturbation=perturbation,
                touched=touched,
                moved_columns=len(
                    {one.column for t in trials for one in t.moved.columns} - movements.unstable
                ),
                moved_customers=0
                if "customer_id" in movements.unstable
                else sum(t.moved.appeared + t.moved.gone for t in trials),
            )
        )
    return rows


def leaks(movements: Movements) -> list[Leak]:
    """Return one row for each column and perturbation that moved it, the worst instant of each.

    What moves by itself, between two runs on the same tables, is not among them.
    """
    found: dict[tuple[str, str], Leak] = {}
    for trial in movements.leaks:
        for one in trial.moved.columns:
            if one.column in movements.unstable:
                continue
            leak = Leak(
                column=one.column,
                perturbation=trial.perturbation,
                tables=trial.tables_that_move(one.column),
                customers=one.customers,
                largest_change=one.largest_change,
            )
            key = (one.column, trial.perturbation.name)
            if key not in found or found[key].customers < leak.customers:
                found[key] = leak
    return sorted(found.values(), key=lambda leak: movements.columns.index(leak.column))


def not_tried(audit: Audit) -> list[str]:
    """Return what could not be tried on these tables, and what was done instead."""
    return [
        *_without_clock(audit),
        *_without_completion(audit),
        *_nothing_to_change(audit),
        *_not_read(audit),
    ]


def _without_clock(audit: Audit) -> Iterator[str]:
    lacking = [name for name, columns in audit.columns.items() if "known_at" not in columns]
    if lacking:
        yield (
            f"{', '.join(sorted(lacking))}: no known_at. Late rows were planted, so the filter is "
            f"tried; but when the company really knew a row is not in the data, and a row that was "
            f"entered late is believed from its own clock on."
        )


def _without_completion(audit: Audit) -> Iterator[str]:
    for name, columns in sorted(audit.columns.items()):
        absent = sorted(
            {
                column.completed_at
                for column in table_contract(name).columns
                if column.completed_at is not None and column.completed_at not in columns
            }
        )
        if absent:
            yield f"{name}: no {', '.join(absent)}. There is nothing that could be completed late."


def _nothing_to_change(audit: Audit) -> Iterator[str]:
    for row in tried(audit.catalogue):
        idle = sorted(table for table, count in row.touched.items() if not count)
        if row.perturbation.kind == "future" and idle and any(row.touched.values()):
            yield f"{row.perturbation.name}: nothing to change in {', '.join(idle)}."


def _not_read(audit: Audit) -> Iterator[str]:
    control = [one for one in audit.catalogue.trials if one.perturbation.kind == "control"]
    moving = {table for one in control for table, moved in one.by_table.items() if moved}
    unread = sorted(set(audit.columns) - moving)
    if unread:
        yield (
            f"{', '.join(unread)}: taking away what was seen of it moves no feature, so nothing "
            f"is proved about it."
        )
