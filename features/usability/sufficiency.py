"""Whether a log is enough to train on, and exactly what is missing.

Nothing is trained: days are counted, and the outcomes of the snapshots that have matured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import pyarrow.compute as pc

from ebbtide.clock import shift_days, whole_days, zone
from ebbtide.errors import NotReady
from features.labels import label_snapshot
from features.usability.shortfall import days_needed, shortfall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from ebbtide.project import Project
    from features.tables import Tables

Level = Literal["enough", "barely", "not enough"]

LEVEL_WORDS: dict[Level, str] = {
    "enough": "enough",
    "barely": "barely enough",
    "not enough": "not enough",
}
"""The levels as a sentence says them."""

ENOUGH_OF_EACH = 100
"""Leavers and stayers that a snapshot needs for a firm verdict."""

LEAST_OF_EACH = 20
"""With fewer of either, a model cannot be told from chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many customers of a matured snapshot stayed, and how many left."""

    as_of: datetime
    day: date
    """Of the instant, in the project's zone."""
    n_stayed: int
    n_churned: int

    @property
    def n_rarer(self) -> int:
        """Of the rarer outcome."""
        return min(self.n_stayed, self.n_churned)

    @property
    def churned_share(self) -> float | None:
        """Share of the living who left; None where nobody lived."""
        n_living = self.n_stayed + self.n_churned
        return self.n_churned / n_living if n_living else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """The verdict, and what it rests on.

    Parameters
    ----------
    level : enough, barely or not enough to train.
    missing : what would have to come, or change, for the next better level.
    log_days : days of log; None where it cannot be read that far.
    needed_days : days without which training refuses.
    outcomes : of the matured snapshots, the earliest first.
    n_errors : in how many places the tables break their contract.
    if_mended : the verdict on the rows that keep it, where there are errors.
    """

    level: Level
    missing: tuple[str, ...]
    log_days: int | None
    needed_days: int
    outcomes: tuple[Outcomes, ...] = ()
    n_errors: int = 0
    if_mended: Level | None = None

    @property
    def sentence(self) -> str:
        """The verdict in a sentence or two."""
        verdict = f"{LEVEL_WORDS[self.level].capitalize()} to train"
        if self.if_mended is not None:
            verdict += f": errors in {self.n_errors} place(s). "
            verdict += (
                f"Without the rows that break the contract it is {LEVEL_WORDS[self.if_mended]}"
            )
        if self.log_days is None:
            errors = f": errors in {self.n_errors} place(s)" if self.n_errors else ""
            return f"{verdict}{errors}. The log cannot be measured until they are mended."
        if not self.outcomes:
            return f"{verdict}: {self.log_days:,} days of log."
        last = self.outcomes[-1]
        return (
            f"{verdict}: {self.log_days:,} days of log, "
            f"{len(self.outcomes)} matured snapshot(s); of the {last.n_stayed + last.n_churned:,} "
            f"customers who lived on {last.day}, {last.n_churned:,} left."
        )


def sufficiency(
    tables: Tables,
    project: Project,
    *,
    now: datetime,
    n_errors: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Sufficiency:
    """Return whether the tables are enough to train on.

    Parameters
    ----------
    tables : typed tables, with rows that have all they need.
    project : says what churn is, and when snapshots are taken.
    now : the present.
    n_errors : in how many places the tables break their contract; training refuses any.
    progress : called with what is counted.

    References
    ----------
    At least 100 of each outcome where a model is tested: Vergouwe, Steyerberg, Eijkemans and
    Habbema, Journal of Clinical Epidemiology 58 (2005) 475-483. Ten of the rarer outcome for each
    degree of freedom of a model that learns: Peduzzi et al., ibid. 49 (1996) 1373-1379; with 100,
    that is ten. The standard error of an AUC of 0.75 is 0.08 with 20 of each and 0.03 with 100:
    Hanley and McNeil, Radiology 143 (1982) 29-36.
    """
    mend = _mend(n_errors)
    needed = days_needed(project, tests=1)
    if tables.log_table not in tables.columns:
        return unmeasured(project, n_errors=n_errors)
    try:
        start, end = tables.log_start(now=now), tables.log_end(now=now)
    except NotReady:
        missing = (*mend, f"{tables.log_table.capitalize()}: {needed:,} days of them.")
        return Sufficiency(
            level="not enough",
            missing=missing,
            log_days=0,
            needed_days=needed,
            n_errors=n_errors,
            if_mended="not enough" if n_errors else None,
        )
    log_days = whole_days(start, end, time_zone=tables.time_zone)
    instants = snapshot_instants(project, start=start, end=end)
    if progress is not None:
        progress(f"outcomes of {len(instants)} snapshot(s)")
    outcomes = tuple(_outcomes(tables, project, as_of=as_of, now=end) for as_of in instants)
    short, weak = _days_missing(project, start=start, end=end), _weak(project, outcomes)
    blocking = [*short, *[text for text, is_blocking in weak if is_blocking]]
    wanting = [text for text, is_blocking in weak if not is_blocking]
    wanting += _nice_to_have(project, log_days)
    level: Level = "not enough" if blocking else "barely" if wanting else "enough"
    return Sufficiency(
        level="not enough" if n_errors else level,
        missing=(*mend, *(blocking or wanting)),
        n_errors=n_errors,
        if_mended=level if n_errors else None,
        log_days=log_days,
        needed_days=needed,
        outcomes=outcomes,
    )


def unmeasured(project: Project, *, n_errors: int) -> Sufficiency:
    """Return the verdict on a log that cannot be read, so that their days are not known.

    Parameters
    ----------
    project : says what churn is, and when snapshots are taken.
    n_errors : in how many places the tables break their contract.
    """
    needed = days_needed(project, tests=1)
    return Sufficiency(
        level="not enough",
        missing=(
            *_mend(n_errors),
            f"{project.definition.log_table.capitalize()}: {needed:,} days of them.",
        ),
        log_days=None,
        needed_days=needed,
        n_errors=n_errors,
    )


def _mend(n_errors: int) -> tuple[str, ...]:
    wanted = f"Mend the errors in {n_errors} place(s): training refuses them."
    return (wanted,) if n_errors else ()


def snapshot_instants(project: Project, *, start: datetime, end: datetime) -> list[datetime]:
    """Return the instants of the snapshots that have matured by the end of a log, earliest first.

    Parameters
    ----------
    project : says what churn is, and when snapshots are taken.
    start, end : of the log.
    """
    settings, definition = project.snapshots, project.definition
    shifted = partial(shift_days, time_zone=definition.time_zone)
    earliest = shifted(start, settings.min_history_days)
    outcome_days = definition.outcome_days
    instants = [
        shifted(end, -outcome_days - settings.every_days * index)
        for index in range(settings.max_count)
    ]
    return sorted(instant for instant in instants if instant >= earliest)


def _days_missing(project: Project, *, start: datetime, end: datetime) -> list[str]:
    settings, definition = project.snapshots, project.definition
    log_days = whole_days(start, end, time_zone=project.project.time_zone)
    lacking = shortfall(project, tests=1, log_days=log_days)
    needed, outcome_days = lacking.days_needed, definition.outcome_days
    missing = []
    if lacking.has_few_snapshots:
        missing.append(
            f"More snapshots: with every_days = {settings.every_days}, snapshots.max_count must be "
            f"at least {lacking.snapshots_needed}, so that the first lies "
            f"{definition.outcome_in_words} ({outcome_days} days) before the last."
        )
    if lacking.days_missing:
        missing.append(
            f"{lacking.days_missing:,} more day(s) of log: {needed:,} are needed ({outcome_days} "
            f"for the outcome of the last snapshot, "
            f"{needed - outcome_days - settings.min_history_days} to an earlier one to learn from, "
            f"{settings.min_history_days} of history before that), {log_days:,} are there. Or "
            f"shorten churn.horizon_days or snapshots.min_history_days."
        )
    return missing


def _weak(project: Project, outcomes: Sequence[Outcomes]) -> list[tuple[str, bool]]:
    """Return what the outcomes lack, and whether training is pointless without it."""
    if not outcomes:
        return []
    if all(found.n_rarer == 0 for found in outcomes):
        return [
            (
                "A matured snapshot with both leavers and stayers: none has both. Check "
                f"churn.horizon_days and {project.definition.alive_setting}.",
                True,
            )
        ]
    tested, definition = outcomes[-1], project.definition
    learned = [
        found for found in outcomes if definition.window(found.as_of).has_matured(now=tested.as_of)
    ]
    looked_at = [(tested, "to test on"), *[(found, "to learn from") for found in learned[-1:]]]
    return [lack for found, use in looked_at for lack in _few(found, use)]


def _few(found: Outcomes, use: str) -> list[tuple[str, bool]]:
    lacking = []
    for n, who in ((found.n_churned, "leave"), (found.n_stayed, "stay")):
        if n < LEAST_OF_EACH:
            lacking.append((_more_of(LEAST_OF_EACH, n, who, found, use), True))
        elif n < ENOUGH_OF_EACH:
            lacking.append((_more_of(ENOUGH_OF_EACH, n, who, found, use), False))
    return lacking


def _more_of(wanted: int, n: int, who: str, found: Outcomes, use: str) -> str:
    return (
        f"{wanted - n:,} more customers who {who}: the snapshot of {found.day} {use} has "
        f"{n:,}, {wanted} are the least{'' if wanted == LEAST_OF_EACH else ' for a firm verdict'}."
    )


def _nice_to_have(project: Project, log_days: int) -> list[str]:
    lacking = shortfall(project, tests=2, log_days=log_days)
    wanting = []
    if lacking.has_few_snapshots:
        wanting.append(
            f"More snapshots, so that a model can be tested on a second period: "
            f"snapshots.max_count is {lacking.max_count}, at least {lacking.snapshots_needed} are "
            f"needed."
        )
    if lacking.days_missing:
        wanting.append(
            f"{lacking.days_missing:,} more day(s) of log, so that a model can be tested on a "
            f"second period: {lacking.days_needed:,} days are needed, {log_days:,} are there."
        )
    return wanting


def _outcomes(tables: Tables, project: Project, *, as_of: datetime, now: datetime) -> Outcomes:
    day = as_of.astimezone(zone(tables.time_zone)).date()
    labels = label_snapshot(tables, as_of=as_of, now=now, definition=project.definition)
    n_churned = int(pc.sum(labels["churned"]).as_py() or 0)
    return Outcomes(as_of=as_of, day=day, n_stayed=labels.num_rows - n_churned, n_churned=n_churned)
