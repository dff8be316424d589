"""The clock of the simulation: whole weeks, counted backwards from the end of the log.

Anchoring the weeks at the end puts the last ``as_of``, every campaign and every instant of the
truth on a boundary between two weeks, where integrals of the weekly intensity are exact. Nothing
here is random: ``streams`` holds that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.integer[Any]]
Flags: TypeAlias = NDArray[np.bool_]

WEEK_DAYS = 7
LOG_ENDS_AT = datetime(2025, 1, 1, tzinfo=UTC)
"""First instant that no log holds; fixed, so that a shop depends on its arguments alone."""
_DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Weeks of the log and some beyond it. Days are counted from the first day of week 0.

    Examples
    --------
    >>> grid = Grid(log_days=730, future_weeks=9)
    >>> grid.log_weeks, grid.first_day, grid.end_day, grid.weeks
    (105, 5, 735, 114)
    """

    log_days: int
    """Length of the log, days."""
    future_weeks: int
    """Weeks simulated beyond the end of the log, so that risk is defined there."""

    @property
    def log_weeks(self) -> int:
        """Weeks that the log touches; the first may be cut by the start of the log."""
        return -(-self.log_days // WEEK_DAYS)

    @property
    def weeks(self) -> int:
        """All simulated weeks."""
        return self.log_weeks + self.future_weeks

    @property
    def end_day(self) -> int:
        """First day that the log no longer holds."""
        return self.log_weeks * WEEK_DAYS

    @property
    def first_day(self) -> int:
        """First day that the log holds."""
        return self.end_day - self.log_days

    @property
    def origin(self) -> datetime:
        """Midnight at which week 0 begins."""
        return LOG_ENDS_AT - timedelta(days=self.end_day)

    def instant(self, day: int) -> datetime:
        """Return the midnight at which a day begins."""
        return self.origin + timedelta(days=day)

    def microseconds(self, day: Ints, second: Ints) -> NDArray[np.int64]:
        """Return instants as microseconds since 1970, as Parquet and NumPy count them."""
        at = day.astype(np.int64) * _DAY_MICROSECONDS + second.astype(np.int64) * 1_000_000
        return np.asarray(self.midnight_microseconds(0) + at, dtype=np.int64)

    def midnight_microseconds(self, day: int) -> int:
        """Return the midnight at which a day begins, in microseconds since 1970."""
        return round(self.instant(day).timestamp()) * 1_000_000

    def day_of_year(self, week: Ints) -> NDArray[np.int64]:
        """Return the day of the year, from 0, in the middle of each week."""
        middle = np.datetime64(self.origin.date(), "D") + (week.astype(np.int64) * WEEK_DAYS + 3)
        return np.asarray((middle - middle.astype("datetime64[Y]")).astype(np.int64))


def window_weights(*, gap_days: int, horizon_days: int) -> Floats:
    """Return the share of each week after ``as_of`` that lies in the outcome window.

    Examples
    --------
    >>> window_weights(gap_days=0, horizon_days=10).round(3).tolist()
    [1.0, 0.429]
    >>> window_weights(gap_days=7, horizon_days=7).tolist()
    [0.0, 1.0]
    """
    count = -(-(gap_days + horizon_days) // WEEK_DAYS)
    starts = np.arange(count) * WEEK_DAYS
    low = np.maximum(starts, gap_days)
    high = np.minimum(starts + WEEK_DAYS, gap_days + horizon_days)
    return np.asarray(np.clip(high - low, 0, None) / WEEK_DAYS)
