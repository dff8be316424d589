"""The instants at which an audit looks: as a rule the last ones whose outcome is known.

What training learns from is chosen in ``training.snapshots``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import shift_days
from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.project import Project


def last_matured_instants(
    project: Project, *, log_start: datetime, log_end: datetime, count: int
) -> list[datetime]:
    """Return the last instants whose outcome windows lie within the log, the earliest first.

    Parameters
    ----------
    project : says what churn is, and how far apart snapshots lie.
    log_start : instant of the first transaction.
    log_end : instant until which the log is complete.
    count : how many at the most.

    Raises
    ------
    NotReady
        If the log is too short for one.
    """
    definition, settings = project.definition, project.snapshots
    outcome_days = definition.outcome_days
    earliest = shift_days(log_start, settings.min_history_days, time_zone=definition.time_zone)
    candidates = [
        shift_days(
            log_end, -outcome_days - settings.every_days * index, time_zone=definition.time_zone
        )
        for index in range(count)
    ]
    instants = sorted(instant for instant in candidates if instant >= earliest)
    if not instants:
        raise NotReady(
            f"Expected a log of at least {settings.min_history_days + outcome_days} days (history "
            f"{settings.min_history_days}, {definition.outcome_in_words} {outcome_days}), found "
            f"{(log_end - log_start).days}. Name an instant with --as-of, or bring older data."
        )
    return instants
