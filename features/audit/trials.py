"""Try every perturbation on a company's tables, and note what moved.

What is computed from the tables is an argument: the catalogue's features, or a query of the user.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.errors import NotReady
from features.audit.copies import altered_copy
from features.audit.movement import Movement, movement
from features.audit.perturbations import PERTURBATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from features.audit.perturbations import Perturbation
    from features.tables import Tables

    Compute = Callable[[Tables], pa.Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One perturbation at one instant.

    Parameters
    ----------
    perturbation : what was done.
    as_of : at which instant.
    touched : how many rows of each table; a table with nothing of the kind has 0.
    moved : what differs from the tables as they were.
    by_table : what each table alone moves; only where something moved.
    """

    perturbation: Perturbation
    as_of: datetime
    touched: Mapping[str, int]
    moved: Movement
    by_table: Mapping[str, Movement]

    @property
    def was_tried(self) -> bool:
        """Whether there was anything to change."""
        return any(self.touched.values())

    def tables_that_move(self, column: str) -> tuple[str, ...]:
        """Return the tables of which each alone moves a column."""
        return tuple(
            table
            for table, moved in self.by_table.items()
            if any(one.column == column for one in moved.columns)
        )


def try_everything(
    tables: Tables,
    compute: Compute,
    *,
    as_of: datetime,
    seed: int,
    perturbations: Sequence[Perturbation] = PERTURBATIONS,
    may_be_known_late: bool = True,
    progress: Callable[[str], None] | None = None,
) -> list[Trial]:
    """Try every perturbation at one instant.

    All tables are perturbed at once; where anything moves, each is perturbed alone to name it.

    Parameters
    ----------
    tables : the company's tables; they stay as they are.
    compute : from tables to a frame with ``customer_id`` and the columns on trial.
    as_of : aware instant that ``compute`` looks from.
    seed : equal seeds give equal perturbations.
    perturbations : which ones.
    may_be_known_late : whether rows are also declared known late where a table has no
        ``known_at``: what is computed must then heed one that it has not seen before.
    progress : called with the name of each before it is tried.
    """
    before = compute(tables)
    trials = []
    for perturbation in perturbations:
        if progress is not None:
            progress(f"{day_in_words(as_of, time_zone=tables.time_zone)} {perturbation.name}")
        trials.append(
            _try(
                tables,
                compute,
                perturbation,
                before=before,
                as_of=as_of,
                seed=seed,
                may_be_known_late=may_be_known_late,
            )
        )
    return trials


def _try(
    tables: Tables,
    compute: Compute,
    perturbation: Perturbation,
    *,
    before: pa.Table,
    as_of: datetime,
    seed: int,
    may_be_known_late: bool,
) -> Trial:
    def moved_by(only: frozenset[str]) -> tuple[Mapping[str, int], Movement]:
        with ExitStack() as stack:
            ground, frame = tables, before
            if perturbation.plant is not None:
                ground, planted = stack.enter_context(
                    altered_copy(
                        tables,
                        perturbation.plant,
                        only=only,
                        as_of=as_of,
                        seed=seed,
                        aside="audit_ground",
                        may_be_known_late=may_be_known_late,
                    )
                )
                if not any(planted.values()):
                    return planted, Movement()
                frame = compute(ground)
            copy, touched = stack.enter_context(
                altered_copy(
                    ground,
                    perturbation.alter,
                    only=only,
                    as_of=as_of,
                    seed=seed + 1,
                    aside="audit_original",
                    may_be_known_late=may_be_known_late,
                )
            )
            if not any(touched.values()):
                return touched, Movement()
            return touched, movement(frame, compute(copy))

    touched, moved = moved_by(frozenset(tables.columns))
    alone = [table for table, rows in touched.items() if rows] if moved else []
    return Trial(
        perturbation=perturbation,
        as_of=as_of,
        touched=touched,
        moved=moved,
        by_table={table: moved_by(frozenset({table}))[1] for table in alone},
    )


def require_control(trials: Sequence[Trial], *, time_zone: str = "UTC") -> None:
    """Return if the audit can find something: taking away what was seen must move something.

    Parameters
    ----------
    trials : of every perturbation.
    time_zone : IANA name of the zone in which an instant is named.

    Raises
    ------
    NotReady
        If it moved nothing.
    """
    for trial in trials:
        if trial.perturbation.kind == "control" and not trial.moved:
            day = day_in_words(trial.as_of, time_zone=time_zone)
            raise NotReady(
                f"Taking away rows that were seen at {day} moved nothing, so "
                f"nothing was proved. Choose an --as-of with customers alive before it, or a "
                f"query that reads the tables."
            )
