"""One audit of a project: its catalogue, and where given a query and a feature table of the user.

How it is shown is for ``features.audit.terminal``, ``features.audit.page`` and
``features.audit.document``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ebbtide.errors import ContractError, NotReady
from features.audit.own_query import own_query, unstable_columns
from features.audit.own_table import audit_own_table
from features.audit.trials import require_control, try_everything
from features.catalogue.catalogue import features_present
from features.snapshot import build_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from ebbtide.project import Project
    from features.audit.own_table import OwnAudit
    from features.audit.trials import Trial
    from features.catalogue.feature import Feature
    from features.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Movements:
    """What every perturbation did to some columns, at every instant.

    Parameters
    ----------
    columns : the columns on trial.
    customers : how many customers have them, by instant.
    trials : every perturbation at every instant.
    unstable : columns that differ between two runs on the same tables, so that nothing can be
        proved of them; ``customer_id`` where who is in the rows does.
    """

    columns: tuple[str, ...]
    customers: Mapping[datetime, int]
    trials: tuple[Trial, ...]
    unstable: frozenset[str] = frozenset()

    @property
    def leaks(self) -> tuple[Trial, ...]:
        """The trials that moved something and must not."""
        return tuple(one for one in self.trials if one.moved and one.perturbation.kind != "control")

    @property
    def leaking_columns(self) -> tuple[str, ...]:
        """The columns that moved, in their order."""
        moved = {one.column for trial in self.leaks for one in trial.moved.columns}
        return tuple(column for column in self.columns if column in moved - self.unstable)

    @property
    def crowd_leaks(self) -> bool:
        """Whether somebody came or went by what nobody could have known."""
        crowd = any(trial.moved.appeared or trial.moved.gone for trial in self.leaks)
        return crowd and "customer_id" not in self.unstable

    @property
    def responding(self) -> tuple[str, ...]:
        """The columns that the control moved at some instant and that can be repeated."""
        controls = (one for one in self.trials if one.perturbation.kind == "control")
        moved = {one.column for trial in controls for one in trial.moved.columns}
        return tuple(column for column in self.columns if column in moved - self.unstable)

    @property
    def unresponsive(self) -> tuple[str, ...]:
        """The columns that nothing moved, not even the control: nothing is proved of them."""
        others = {*self.responding, *self.leaking_columns, *self.unstable}
        return tuple(column for column in self.columns if column not in others)

    @property
    def is_clean(self) -> bool:
        """Whether nothing moved, neither a column nor who is there, and all can be repeated."""
        return not (self.leaking_columns or self.crowd_leaks or self.unstable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that an audit found.

    Parameters
    ----------
    project : its name.
    as_of : the instants at which the catalogue was tried, the earliest first.
    seed : of the perturbations.
    columns : the columns of each table, which say what could be tried.
    catalogue : what moved of the catalogue's features.
    query : what moved of the user's query, where there is one.
    own : what was found about the user's feature table, where there is one.
    time_zone : IANA name of the zone in which instants are shown.
    """

    project: str
    as_of: tuple[datetime, ...]
    seed: int
    columns: Mapping[str, frozenset[str]]
    catalogue: Movements
    query: Movements | None = None
    own: OwnAudit | None = None
    time_zone: str = "UTC"

    @property
    def own_leaks(self) -> tuple[str, ...]:
        """Columns of the user's feature table that are leaks."""
        verdicts = () if self.own is None else self.own.verdicts
        return tuple(one.column for one in verdicts if one.judgement == "leak")

    @property
    def is_clean(self) -> bool:
        """Whether nothing leaks, and nothing differs from run to run."""
        movements = [one for one in (self.catalogue, self.query) if one is not None]
        return all(one.is_clean for one in movements) and not self.own_leaks


def run_audit(
    tables: Tables,
    project: Project,
    *,
    as_of: Sequence[datetime],
    seed: int,
    query: str | None = None,
    frames: Mapping[datetime, pa.Table] | None = None,
    log_end: datetime,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Try to make features move by what nobody could have known, and judge columns brought along.

    Parameters
    ----------
    tables : the company's tables.
    project : says what churn is, and how far features look back.
    as_of : aware instants.
    seed : equal seeds give equal audits.
    query : a query of the user, with ``{as_of}`` in it.
    frames : rows of a user's feature table, by instant.
    log_end : until when purchases are known.
    progress : called before each step.

    Raises
    ------
    NotReady
        If the audit could prove nothing.
    ContractError
        If a query cannot be run.
    """
    features = features_present(tables.columns)
    catalogue = _movements(
        tables,
        lambda at: partial(_catalogue_at, at, features, project),
        as_of=as_of,
        seed=seed,
        may_be_known_late=True,
        progress=progress,
    )
    of_query = own = None
    if query is not None:
        of_query = _movements(
            tables,
            lambda at: own_query(query, as_of=at),
            as_of=as_of,
            seed=seed,
            may_be_known_late=False,  # A query cannot name a column that its tables do not have.
            progress=progress,
        )
    if frames is not None:
        own = audit_own_table(
            tables, project, frames, log_end=log_end, seed=seed, progress=progress
        )
    return Audit(
        project=project.project.name,
        as_of=tuple(as_of),
        seed=seed,
        columns={name: frozenset(columns) for name, columns in tables.columns.items()},
        catalogue=catalogue,
        query=of_query,
        own=own,
        time_zone=project.project.time_zone,
    )


def require_clean(audit: Audit) -> None:
    """Return if nothing leaks, everything can be repeated, and something was proved.

    Raises
    ------
    ContractError
        If anything leaks or differs from run to run; every column is named.
    NotReady
        If the control moved no column of the query: nothing was proved of any.
    """
    problems = [
        *_problems(audit.catalogue, "The catalogue's features", "This is a defect of Ebbtide"),
        *_problems(audit.query, "Columns of the query", "Filter every table by {as_of}"),
        *_unstable(audit.catalogue, "the catalogue", "This is a defect of Ebbtide"),
        *_unstable(
            audit.query,
            "the query",
            "Take out random() and now(), order what depends on order, and add up decimals",
        ),
    ]
    if audit.own_leaks:
        problems.append(
            f"The future leaks. Columns of the feature table know what came after as_of: "
            f"{', '.join(audit.own_leaks)}. Compute them from what was known before it."
        )
    if problems:
        raise ContractError(" ".join(problems))
    if audit.query is not None and not audit.query.responding:
        raise NotReady(
            "Taking away rows that were seen moved no column of the query, so nothing was proved "
            "of any. Choose an --as-of at which customers were alive, or bring columns that read "
            "the tables."
        )


def _unstable(movements: Movements | None, what: str, advice: str) -> Iterable[str]:
    if movements is None or not movements.unstable:
        return
    yield (
        f"Columns of {what} differ between two runs on the same tables: "
        f"{', '.join(sorted(movements.unstable))}. What cannot be repeated cannot be audited: "
        f"nothing is proved. {advice}."
    )


def _problems(movements: Movements | None, what: str, advice: str) -> Iterable[str]:
    if movements is None or not (movements.leaking_columns or movements.crowd_leaks):
        return
    names = sorted({trial.perturbation.name for trial in movements.leaks})
    moved = ", ".join(movements.leaking_columns) or "who is in the snapshot"
    yield f"The future leaks. {what} moved: {moved} (by {', '.join(names)}). {advice}."


def _movements(
    tables: Tables,
    compute_at: Callable[[datetime], Callable[[Tables], pa.Table]],
    *,
    as_of: Sequence[datetime],
    seed: int,
    may_be_known_late: bool,
    progress: Callable[[str], None] | None,
) -> Movements:
    trials: list[Trial] = []
    customers: dict[datetime, int] = {}
    unstable: set[str] = set()
    columns: list[str] = []
    for at in as_of:
        compute = compute_at(at)
        frame = compute(tables)
        columns = [name for name in frame.column_names if name not in ("customer_id", "as_of")]
        customers[at] = frame.num_rows
        unstable |= unstable_columns(compute, tables)
        trials += try_everything(
            tables,
            compute,
            as_of=at,
            seed=seed,
            may_be_known_late=may_be_known_late,
            progress=progress,
        )
    require_control(trials, time_zone=tables.time_zone)
    return Movements(
        columns=tuple(columns),
        customers=customers,
        trials=tuple(trials),
        unstable=frozenset(unstable),
    )


def _catalogue_at(
    at: datetime, features: Sequence[Feature], project: Project, tables: Tables
) -> pa.Table:
    return build_snapshot(
        tables,
        as_of=at,
        features=features,
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
    )
