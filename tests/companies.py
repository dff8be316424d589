"""Companies whose season and growth are known, as purchase days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from training.definition_lab.purchase_days import PurchaseDays

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
FIRST_DAY = 18262
"""The first of 2020, counted from 1970-01-01."""


def at(day: int) -> datetime:
    """The midnight that begins a day of the log."""
    return FIRST + timedelta(days=day)


def log_of(customer: np.ndarray, day: np.ndarray, *, known_after: int = 0) -> PurchaseDays:
    """A log of distinct purchase days, counted from the first of 2020."""
    pairs = np.unique(np.column_stack([customer, day]), axis=0)
    ids, index = np.unique(pairs[:, 0], return_inverse=True)
    bought = pairs[:, 1] + FIRST_DAY
    ends = int(pairs[:, 1].max()) + 1
    return PurchaseDays(
        customer_ids=np.array([f"c{number:06d}" for number in ids]),
        customer=index.astype(np.int64),
        day=bought,
        known_day=bought + known_after,
        ends_at=at(ends),
        ends_on=ends + FIRST_DAY,
        observed_days=ends - int(pairs[:, 1].min()),
    )


def company(
    *,
    seed: int,
    season: float = 0.0,
    yearly_growth: float = 0.0,
    customers: int = 2_500,
    days: int = 800,
    is_cohort: bool = False,
) -> PurchaseDays:
    """A company that is older than its log: customers come, buy at random, and fall silent.

    Parameters
    ----------
    season : from -1 to 1, how much more trade there is in early December than on average.
    yearly_growth : log of the growth of arrivals.
    is_cohort : whether all come in the first sixty days of the log, and nobody after.
    """
    rng = np.random.default_rng(seed)
    arrivals = np.arange(0, 60) if is_cohort else np.arange(-600, days)
    weight = np.exp(yearly_growth * arrivals / 365)
    born = rng.choice(arrivals, size=customers, p=weight / weight.sum())
    gone = born + rng.exponential(300, customers)
    rate = rng.gamma(1.0, 1 / 60, customers)
    grid = np.arange(-600, days)
    factor = 1 + season * np.cos(2 * np.pi * (grid - 340) / 365)
    counts = rng.poisson(rate[:, None] * factor[None, :])
    alive = (grid[None, :] >= born[:, None]) & (grid[None, :] < gone[:, None])
    bought = (counts > 0) & alive
    bought[np.arange(customers), born + 600] = True
    who, when = np.nonzero(bought)
    seen = grid[when] >= 0
    return log_of(who[seen], grid[when][seen])


def came(log: PurchaseDays, day: int, *, horizon_days: int = 90) -> float:
    """Share of those who lived at a day that bought nothing in the horizon."""
    bought = log.day - FIRST_DAY
    living = np.unique(log.customer[(bought < day) & (bought >= day - 365)])
    buyers = log.customer[(bought >= day) & (bought < day + horizon_days)]
    return float(1 - np.isin(living, buyers).mean())
