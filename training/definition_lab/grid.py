"""Which definitions are compared, and at which instants; what a log is too short for is left out.

A horizon needs its outcome time twice: once to see a silence, and once more to see whether it
lasted. The same length lets a model learn from one window and be tested on the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.errors import NotReady
from training.definition_lab.purchase_days import date_of

if TYPE_CHECKING:
    from ebbtide.project import Project
    from training.definition_lab.purchase_days import PurchaseDays

HORIZONS = (30, 60, 90, 120, 150, 180, 270, 365)
GAPS = (0, 7, 14, 30)
ACTIVE_WITHIN = (90, 180, 365, 730)
"""Days that are tried, beside those of the project file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What is compared.

    Parameters
    ----------
    horizons, gaps, active_within : days, ascending; each holds the project's own if the log bears
        it.
    follow_up_days : how long after a window a return makes a goodbye false, as far as the log bears
        it for every definition.
    as_of_days : the snapshots on which every definition has matured, earliest first; on one of
        them at least the follow-up has passed as well.
    left_out : what was not compared, each in a sentence.
    """

    horizons: tuple[int, ...]
    gaps: tuple[int, ...]
    active_within: tuple[int, ...]
    follow_up_days: int
    as_of_days: tuple[int, ...]
    left_out: tuple[str, ...]


def plan_grid(log: PurchaseDays, project: Project, *, follow_up_days: int) -> Grid:
    """Choose the definitions that a log can tell about, and the snapshots to compare them on.

    Parameters
    ----------
    log : the purchase days.
    project : its definition is among those compared; its snapshots set the history that must lie
        before the first instant and the step from one to the next.
    follow_up_days : the follow-up that is asked for, >= 1.

    Raises
    ------
    NotReady
        If the log bears no horizon at all.
    """
    present, settings = project.churn, project.snapshots
    room = log.observed_days - settings.min_history_days
    horizons = sorted({*HORIZONS, present.horizon_days})
    kept = [days for days in horizons if 2 * (present.gap_days + days) <= room]
    if not kept:
        needed = settings.min_history_days + 2 * (present.gap_days + min(horizons))
        raise NotReady(
            f"Expected at least {needed} days of purchases (history {settings.min_history_days}, "
            f"and twice gap and horizon), found {log.observed_days} days up to "
            f"{date_of(log.ends_on)}: this log cannot tell what churn should mean. Bring older "
            f"data, wait, or lower snapshots.min_history_days."
        )
    gaps = sorted({*GAPS, present.gap_days})
    shortest_follow_up = min(follow_up_days, max(kept))
    kept_gaps = [days for days in gaps if days + max(kept) + shortest_follow_up <= room]
    followed = min(follow_up_days, room - max(kept) - max(kept_gaps))
    within = sorted({*ACTIVE_WITHIN, present.active_within_days})
    newest = log.ends_on - max(kept) - max(kept_gaps)
    kept_within = [
        days
        for days in within
        if days == present.active_within_days
        or days <= min(newest - log.starts_on, settings.lookback_days)
    ]
    earliest = log.starts_on + settings.min_history_days
    count = min(settings.max_count, (newest - earliest) // settings.every_days + 1)
    regular = {newest - settings.every_days * index for index in range(count)}
    left_out = [
        f"horizon {days} days: needs {settings.min_history_days + 2 * (present.gap_days + days)} "
        f"days of log, {log.observed_days} are there"
        for days in horizons
        if days not in kept
    ]
    left_out += [f"gap {days} days: the log is too short" for days in gaps if days not in kept_gaps]
    left_out += [
        f"active_within {days} days: beyond snapshots.lookback_days ({settings.lookback_days}) or "
        f"the history of the log"
        for days in within
        if days not in kept_within
    ]
    if followed < follow_up_days:
        left_out.append(
            f"follow-up: cut from {follow_up_days} to {followed} days by the log's length"
        )
    return Grid(
        horizons=tuple(kept),
        gaps=tuple(kept_gaps),
        active_within=tuple(kept_within),
        follow_up_days=followed,
        as_of_days=tuple(sorted({*regular, newest - followed})),
        left_out=tuple(left_out),
    )
