"""The trade of a whole company, day by day: its season, its growth, and a clock of its own.

Counts purchase days of all customers together. What it means for churn is not said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray
    from training.definition_lab.purchase_days import PurchaseDays

YEAR_DAYS = 364
"""A year of whole weeks, so that a window and its twin of a year ago hold the same weekdays."""
SMOOTH_DAYS = 28
"""The clock follows the trade of so many days: seasons, not weekdays."""


@dataclass(frozen=True, kw_only=True)
class Trade:
    """Purchase days of all customers on each day of a log, with the yearly growth taken out.

    Parameters
    ----------
    starts_on : the first day.
    daily : purchase days on each day, as they would be had the company always been as large as at
        the end, shape (days,).
    growth : log of the yearly growth that was taken out; 0 where the log cannot tell.
    """

    starts_on: int
    daily: FloatArray
    growth: float

    @property
    def ends_on(self) -> int:
        """The first day that is no longer held."""
        return self.starts_on + len(self.daily)

    def holds(self, first_day: int, days: int) -> bool:
        """Whether a window lies in the log."""
        return self.starts_on <= first_day and first_day + days <= self.ends_on

    def log_total(self, first_day: int, days: int) -> float:
        """Return the log of the purchase days in a window, at least of one."""
        start = first_day - self.starts_on
        return float(np.log(max(1.0, self.daily[start : start + days].sum())))

    @cached_property
    def clock(self) -> FloatArray:
        """What the company's own clock shows at the start of each day, shape (days + 1,).

        It advances by one for each day of average trade: slower in a dull season, so that a
        customer's silence in it counts for less.
        """
        width = min(SMOOTH_DAYS, len(self.daily))
        padded = np.pad(self.daily, width, mode="edge")
        smooth = np.convolve(padded, np.ones(width) / width, mode="same")[width:-width]
        return np.concatenate([[0.0], np.cumsum(smooth / smooth.mean())])


def trade_before(purchases: PurchaseDays, day: int, *, horizon_days: int) -> Trade:
    """Return the trade that was seen before a day.

    Parameters
    ----------
    purchases : the purchase days.
    day : the first day that is not seen.
    horizon_days : growth is believed in full where the log overlaps the year before by so much.
    """
    seen = (purchases.day < day) & (purchases.known_day < day)
    starts_on = int(purchases.day[seen].min())
    daily = np.bincount(purchases.day[seen] - starts_on, minlength=day - starts_on).astype(float)
    growth = _growth(daily, horizon_days=horizon_days)
    before_end = np.arange(len(daily)) - len(daily)
    return Trade(
        starts_on=starts_on,
        daily=daily * np.exp(-growth * before_end / YEAR_DAYS),
        growth=growth,
    )


def calendar_clock(trade: Trade) -> Trade:
    """Return a trade that is the same every day: its clock shows calendar days."""
    return Trade(starts_on=trade.starts_on, daily=np.ones_like(trade.daily), growth=0.0)


def _growth(daily: FloatArray, *, horizon_days: int) -> float:
    """Return the log of the growth from the year before, as far as the log overlaps it."""
    overlap = min(len(daily) - YEAR_DAYS, YEAR_DAYS)
    if overlap <= 0:
        return 0.0
    now, before = daily[-overlap:].sum(), daily[-overlap - YEAR_DAYS :][:overlap].sum()
    believed = min(1.0, overlap / horizon_days)
    return float(believed * np.log(max(now, 1.0) / max(before, 1.0)))
