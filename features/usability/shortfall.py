"""How many snapshots, and days of log, it takes to test a model on later periods, and what lacks.

Both are counted, since raising ``snapshots.max_count`` gives nothing where the log is too short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ebbtide.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What stands against what it takes.

    Parameters
    ----------
    max_count : snapshots that the project allows of.
    snapshots_needed : of them.
    log_days : days of log.
    days_needed : of them.
    """

    max_count: int
    snapshots_needed: int
    log_days: int
    days_needed: int

    @property
    def has_few_snapshots(self) -> bool:
        """Whether ``snapshots.max_count`` stands in the way."""
        return self.max_count < self.snapshots_needed

    @property
    def days_missing(self) -> int:
        """Days by which the log is too short; 0 where it is long enough."""
        return max(0, self.days_needed - self.log_days)

    @property
    def advice(self) -> str:
        """What to do, of each that stands in the way; empty where nothing does.

        Examples
        --------
        >>> Shortfall(max_count=3, snapshots_needed=4, log_days=90, days_needed=90).advice
        'Raise snapshots.max_count to at least 4; it is 3.'
        """
        said = []
        if self.days_missing:
            said.append(
                f"The log has {self.log_days:,} days, and it takes {self.days_needed:,}: bring "
                f"older data, or shorten churn.horizon_days or snapshots.min_history_days."
            )
        if self.has_few_snapshots:
            said.append(
                f"Raise snapshots.max_count to at least {self.snapshots_needed}; it is "
                f"{self.max_count}."
            )
        return " ".join(said)


def shortfall(project: Project, *, tests: int, log_days: int) -> Shortfall:
    """Return what stands against what it takes to test a model on so many later periods.

    Parameters
    ----------
    project : says what churn is, and when snapshots are taken.
    tests : periods to be tested on, >= 1.
    log_days : days of log.
    """
    return Shortfall(
        max_count=project.snapshots.max_count,
        snapshots_needed=snapshots_needed(project, tests=tests),
        log_days=log_days,
        days_needed=days_needed(project, tests=tests),
    )


def snapshots_needed(project: Project, *, tests: int) -> int:
    """Return how many matured snapshots reach so far back that a model can be tested so often.

    Parameters
    ----------
    project : says what churn is, and when snapshots are taken.
    tests : periods to be tested on, >= 1.
    """
    outcome_days, every_days = project.definition.outcome_days, project.snapshots.every_days
    return tests * math.ceil(outcome_days / every_days) + 1


def days_needed(project: Project, *, tests: int) -> int:
    """Return how many days of log training needs to test a model so many times on a later period.

    The tested snapshot has matured, and so had another at its ``as_of``, which has its history.

    Parameters
    ----------
    project : says what churn is, and when snapshots are taken.
    tests : periods to be tested on, >= 1.
    """
    settings, outcome_days = project.snapshots, project.definition.outcome_days
    before_days = settings.every_days * (snapshots_needed(project, tests=tests) - 1)
    return settings.min_history_days + outcome_days + before_days
