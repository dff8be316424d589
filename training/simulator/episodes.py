"""Episodes of decline: when, why and how far a customer's engagement falls, and whether it returns.

Service failure is not an episode: it comes from ``complaints``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.causes import CAUSES
from training.simulator.grid import WEEK_DAYS, Floats, Grid, Ints
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.customers import Customers

CAUSE_NAMES: tuple[str, ...] = (*CAUSES, "none")
NONE = CAUSE_NAMES.index("none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """How a decline of one cause goes."""

    cause: str
    low: float
    high: float
    """Range of the share of engagement that is left in the end."""
    decay_weeks: float
    """Mean time constant of the fall."""
    recovery: float
    """Probability of a recovery."""


DECLINES = (
    Decline(cause="poor_start", low=0.02, high=0.15, decay_weeks=2.5, recovery=0.30),
    Decline(cause="disengagement", low=0.02, high=0.20, decay_weeks=9.0, recovery=0.35),
    Decline(cause="value_for_money", low=0.05, high=0.30, decay_weeks=8.0, recovery=0.35),
    Decline(cause="product_mismatch", low=0.05, high=0.25, decay_weeks=7.0, recovery=0.30),
    Decline(cause="payment_failure", low=0.03, high=0.15, decay_weeks=1.5, recovery=0.60),
    Decline(cause="rival_or_unknown", low=0.02, high=0.20, decay_weeks=1.0, recovery=0.30),
)
"""Poor start first: it comes early or never; the others compete at constant hazards."""

POOR_START = 0.13
"""Probability that a newcomer starts badly."""
EPISODES = 2
"""Declines that a customer can meet within the simulation."""
RECOVERY_DECAY_WEEKS = 4.0
_YEAR_WEEKS = 365.25 / WEEK_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """Declines of every customer, shape (customers, ``EPISODES``); times in weeks of the grid."""

    cause: Ints
    onset: Floats
    floor: Floats
    decay_weeks: Floats
    recovers_at: Floats
    """Infinite where it never recovers."""

    def factors(self, week: Ints | int, *, customer: Ints | None = None) -> Floats:
        """Return what each episode leaves of the engagement, in (0, 1].

        Parameters
        ----------
        week : one week, or one for each row.
        customer : rows of the customers; all of them if None.
        """
        rows: Ints | slice = slice(None) if customer is None else customer
        at = np.asarray(week, dtype=float)
        now = at[:, None] if at.ndim else at
        fall_until = np.minimum(now, self.recovers_at[rows])
        age = np.clip(fall_until - self.onset[rows], 0.0, None)
        left = self.floor[rows] + (1 - self.floor[rows]) * np.exp(-age / self.decay_weeks[rows])
        since = np.clip(now - self.recovers_at[rows], 0.0, None)
        return np.asarray(1 - (1 - left) * np.exp(-since / RECOVERY_DECAY_WEEKS))

    def strength(self, cause: str, week: Ints, *, customer: Ints) -> Floats:
        """Return how far a cause has pulled customers down, from 0 (not at all) to 1."""
        lost = 1 - self.factors(week, customer=customer)
        return np.asarray(
            np.where(self.cause[customer] == CAUSE_NAMES.index(cause), lost, 0.0).max(axis=1)
        )


def draw_episodes(customers: Customers, *, seed: int) -> Episodes:
    """Draw when and why each customer's engagement declines."""
    rng = stream(seed, "episodes")
    count = len(customers)
    signup_week = customers.signup_day / WEEK_DAYS
    poor_at = np.where(rng.random(count) < POOR_START, 1 + rng.exponential(3.0, count), np.inf)
    first, first_at = _first_of(_hazards(customers), rng=rng)
    is_poor = poor_at < first_at
    second, second_wait = _first_of(_hazards(customers), rng=rng)
    kinds = np.stack([np.where(is_poor, 0, first), second], axis=1)
    onset = signup_week[:, None] + np.stack(
        [np.minimum(poor_at, first_at), np.minimum(poor_at, first_at) + 8 + second_wait], axis=1
    )
    shape = (count, EPISODES)
    low, high = (np.array([getattr(d, side) for d in DECLINES])[kinds] for side in ("low", "high"))
    decay = np.array([decline.decay_weeks for decline in DECLINES])[kinds]
    recovery = np.array([decline.recovery for decline in DECLINES])[kinds]
    wait = 6 + rng.exponential(14.0, shape)
    return Episodes(
        cause=np.array([CAUSE_NAMES.index(decline.cause) for decline in DECLINES])[kinds],
        onset=onset,
        floor=low + (high - low) * rng.random(shape),
        decay_weeks=decay * rng.lognormal(0.0, 0.3, shape),
        recovers_at=np.where(rng.random(shape) < recovery, onset + wait, np.inf),
    )


def engagement(episodes: Episodes, *, grid: Grid, lead_weeks: int) -> Floats:
    """Return engagement, 1 at its best, shape (weeks + ``lead_weeks``, customers).

    Parameters
    ----------
    episodes : the declines.
    grid : the weeks of the simulation.
    lead_weeks : weeks beyond the grid that events which run ahead of purchases look at.
    """
    path = np.empty((grid.weeks + lead_weeks, len(episodes.onset)), dtype=np.float32)
    for week in range(len(path)):
        path[week] = episodes.factors(week).prod(axis=1)
    return path


def _hazards(customers: Customers) -> Floats:
    """Return hazards per week of all declines but the poor start, in the order of ``DECLINES``."""
    steady = np.ones(len(customers))
    yearly = (
        0.17 * steady,
        0.40 * customers.price_sensitivity,
        0.45 * customers.misfit,
        0.24 * customers.pays_by_invoice,
        0.12 * steady,
    )
    return np.asarray(np.stack(yearly, axis=1) / _YEAR_WEEKS)


def _first_of(hazards: Floats, *, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Return which of the competing declines comes first (from 1), and after how many weeks."""
    waits = rng.exponential(size=hazards.shape) / np.maximum(hazards, 1e-9)
    first = waits.argmin(axis=1)
    return first + 1, waits.min(axis=1)
