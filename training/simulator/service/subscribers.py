"""Who subscribes: traits that never change, and spells of disengagement and of trouble to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.service.calendar import DAY
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.grid import Floats, Ints
    from training.simulator.service.calendar import Calendar

PLANS = ("basic", "plus", "pro")
PRICES_CENTS = np.array([990, 1990, 3990])
SEGMENTS = ("private", "business")
REGIONS = ("north", "east", "south", "west")

SHARE_BEFORE_LOG = 0.55
"""Share of subscribers who signed up before the log starts."""
RAMP_DAYS = 30.0
"""A spell comes and goes so slowly."""
_SPELLS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Stretches of time in which something is wrong, up to two for each subscriber.

    Parameters
    ----------
    begins_day, lasts_days : shape (n, 2); one that never comes begins after all time.
    """

    begins_day: Floats
    lasts_days: Floats

    def strength(self, day: Floats, *, of: Ints) -> Floats:
        """Return how strong a spell is on a day, 0 to 1, for some subscribers."""
        since = day[:, None] - self.begins_day[of]
        left = self.lasts_days[of] - since
        ramps = np.minimum(since, left) / RAMP_DAYS
        return np.asarray(np.clip(ramps, 0.0, 1.0).max(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribers:
    """Traits, one array entry for each subscriber."""

    signup: Ints
    """Seconds since the origin of the calendar."""
    segment: Ints
    region: Ints
    plan: Ints
    """The first plan."""
    restlessness: Floats
    """Log-odds to cancel at the end of a period, with nothing wrong and no youth."""
    visits_weekly: Floats
    """Rate of visits while engaged."""
    disengagement: Spells
    trouble: Spells
    """To pay."""

    def __len__(self) -> int:
        """Return the number of subscribers."""
        return len(self.signup)


def draw_subscribers(count: int, *, calendar: Calendar, seed: int) -> Subscribers:
    """Draw the subscribers of a service.

    Parameters
    ----------
    count : how many.
    calendar : when the log begins and ends.
    seed : seed of the service.
    """
    rng = stream(seed, "subscribers")
    earlier = rng.random(count) < SHARE_BEFORE_LOG
    signup = np.where(
        earlier,
        rng.integers(0, calendar.log_starts, size=count),
        rng.integers(calendar.log_starts, calendar.log_ends - DAY, size=count),
    )
    segment = rng.choice(2, p=[0.8, 0.2], size=count)
    by_segment = np.array([[0.55, 0.35, 0.10], [0.15, 0.45, 0.40]])
    plan = (rng.random(count)[:, None] > np.cumsum(by_segment, axis=1)[segment]).sum(axis=1)
    return Subscribers(
        signup=signup,
        segment=segment,
        region=rng.integers(len(REGIONS), size=count),
        plan=plan,
        restlessness=rng.normal(-4.2, 0.5, count) - 0.4 * (segment == 1),
        visits_weekly=rng.gamma(2.0, 1.2, count) * (1 + 0.3 * plan),
        disengagement=_spells(rng, count, calendar, chances=(0.55, 0.35), typical_days=110.0),
        trouble=_spells(rng, count, calendar, chances=(0.35, 0.2), typical_days=80.0),
    )


def _spells(
    rng: np.random.Generator,
    count: int,
    calendar: Calendar,
    *,
    chances: tuple[float, float],
    typical_days: float,
) -> Spells:
    shape = (count, _SPELLS)
    last_day = calendar.ends / DAY
    comes = rng.random(shape) < np.array(chances)
    begins = rng.uniform(0.0, last_day, shape)
    return Spells(
        begins_day=np.where(comes, begins, 2 * last_day),
        lasts_days=2 * RAMP_DAYS + rng.exponential(typical_days, shape),
    )
