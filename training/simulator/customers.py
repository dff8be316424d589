"""Who the customers are: traits that never change. What happens to them is in ``episodes``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.grid import WEEK_DAYS, Flags, Floats, Grid, Ints
from training.simulator.streams import stream

SEGMENTS = ("private", "premium", "business")
REGIONS = ("north", "east", "south", "west")
SEASONS = ("none", "summer", "spring")
CATEGORIES = ("books", "garden", "home", "kitchen", "music", "office", "sport", "toys")

SHARE_BEFORE_LOG = 0.45
"""Share of customers who signed up before the log starts."""
ORDERS_PER_YEAR = np.array([18.0, 27.0, 24.0])
"""Mean of an engaged customer's base rate, by segment."""
RATE_SHAPE = 1.8
"""Shape of the gamma distribution of base rates; lower is more unequal."""

_YEAR_WEEKS = 365.25 / WEEK_DAYS
_REGION_COMPLAINTS = np.array([0.8, 1.0, 1.6, 0.9])


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Latent and visible traits, one array entry for each customer."""

    signup_day: Ints
    """Day of sign-up; negative before the grid begins."""
    segment: Ints
    region: Ints
    rate_weekly: Floats
    """Base rate of orders while engaged and content."""
    is_regular: Flags
    """Buys at an own period."""
    is_seasonal: Flags
    """Buys almost only in the own season."""
    period_weeks: Floats
    phase_weeks: Floats
    season: Ints
    complaints_per_order: Floats
    price_sensitivity: Floats
    """0 (indifferent) to 1."""
    misfit: Floats
    """How badly the products fit, 0 to 1."""
    pays_by_invoice: Flags
    annoyance: Floats
    """How much an unwanted contact puts off, >= 0."""
    contacts_weekly: Floats
    """Rate of logins, visits and opened e-mails while engaged."""
    line_cents: Floats
    """Typical price of a line."""
    favourite: Ints
    """Category bought most."""
    cheerfulness: Floats
    """Shift of survey answers, standard normal."""

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.signup_day)


def draw_customers(count: int, *, grid: Grid, seed: int) -> Customers:
    """Draw the customers of a shop.

    Parameters
    ----------
    count : how many.
    grid : the weeks of the simulation.
    seed : seed of the shop.
    """
    rng = stream(seed, "customers")
    earlier = rng.random(count) < SHARE_BEFORE_LOG
    signup_day = np.where(
        earlier,
        rng.integers(-78 * WEEK_DAYS, grid.first_day, size=count),
        rng.integers(grid.first_day, grid.end_day - 1, size=count),
    )
    segment = rng.choice(3, p=[0.7, 0.18, 0.12], size=count)
    region = rng.choice(4, p=[0.3, 0.25, 0.2, 0.25], size=count)
    rate = rng.gamma(RATE_SHAPE, ORDERS_PER_YEAR[segment] / RATE_SHAPE) / _YEAR_WEEKS + 0.01
    kind = rng.random(count)
    is_seasonal = kind < 0.12
    rate = np.where(is_seasonal, rate * 0.6, rate)
    period = np.clip(rng.lognormal(0.0, 0.15, count) / rate, 1.0, 26.0)
    return Customers(
        signup_day=signup_day,
        segment=segment,
        region=region,
        rate_weekly=rate,
        is_regular=kind > 0.55,
        is_seasonal=is_seasonal,
        period_weeks=period,
        phase_weeks=rng.random(count) * period,
        season=rng.choice(3, p=[0.5, 0.25, 0.25], size=count),
        complaints_per_order=rng.gamma(1.2, 0.05, count) * _REGION_COMPLAINTS[region],
        price_sensitivity=rng.beta(1.5, 2.5, count),
        misfit=rng.beta(1.2, 3.5, count),
        pays_by_invoice=rng.random(count) < np.array([0.15, 0.15, 0.7])[segment],
        annoyance=np.where(rng.random(count) < 0.3, rng.gamma(3.0, 0.2, count), 0.05),
        contacts_weekly=rng.gamma(2.0, 0.29, count),
        line_cents=rng.lognormal(np.log(2600), 0.45, count) * np.array([1, 1.3, 1.8])[segment],
        favourite=rng.integers(len(CATEGORIES), size=count),
        cheerfulness=rng.normal(size=count),
    )
