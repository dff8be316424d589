"""Retention campaigns every four weeks: whom they pick, which action and which arm.

The rule sees only what the shop sees: past orders, open cases, failed payments, tenure. Arms are
randomised, so that effects can be measured; what an action does is in ``effects``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.effects import ACTION_CODES, EFFECT_WEEKS

if TYPE_CHECKING:
    from training.simulator.grid import Flags, Floats, Grid, Ints

EVERY_WEEKS = 4
CAMPAIGNS = 13
EARLIEST_WEEK = 26
"""Weeks of log that the first campaign must have behind it."""
HOLDOUT = 0.30
"""Probability of the hold-out arm."""
OVERDUE = 1.7
"""Days since the last order over the own typical gap, from which a customer looks inactive."""
TYPICAL_GAP_DAYS = 45.0
"""Typical gap of a customer with a single order."""
NEWCOMER_DAYS = 150
_GENERAL = (
    "reactivation_email",
    "discount_voucher",
    "loyalty_points",
    "goodwill_credit",
    "better_fit_review",
)
_FITTING_WEIGHT = 3.0
"""How much likelier an action is that answers something the shop sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the shop sees of every customer at the beginning of a day."""

    day: int
    orders: Ints
    first_day: Ints
    """Day of the first order in the log; meaningless without one."""
    last_day: Ints
    tenure_days: Ints
    has_open_case: Flags
    has_failed_payment: Flags

    def is_alive(self, *, active_within_days: int) -> Flags:
        """Return who ordered within some days before."""
        return np.asarray((self.orders > 0) & (self.day - self.last_day <= active_within_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignments:
    """Treatments assigned by one campaign; arrays of one length."""

    week: int
    customer: Ints
    action: Ints
    is_treated: Flags
    delivered_after_seconds: Ints


def campaign_weeks(grid: Grid) -> tuple[int, ...]:
    """Return the weeks at whose beginning campaigns run: four-weekly over the last year of the log.

    Examples
    --------
    >>> from training.simulator.grid import Grid
    >>> campaign_weeks(Grid(log_days=730, future_weeks=9))[-1]
    101
    """
    last = grid.log_weeks - EVERY_WEEKS
    weeks = (last - EVERY_WEEKS * back for back in reversed(range(CAMPAIGNS)))
    return tuple(week for week in weeks if week >= EARLIEST_WEEK)


def looks_inactive(seen: Sighting, *, active_within_days: int) -> Flags:
    """Return who is overdue by their own rhythm but not yet given up.

    Parameters
    ----------
    seen : what the shop sees.
    active_within_days : days without order after which a customer is given up.
    """
    span = seen.last_day - seen.first_day
    gap = np.where(seen.orders > 1, span / np.maximum(seen.orders - 1, 1), TYPICAL_GAP_DAYS)
    overdue = (seen.day - seen.last_day) / np.clip(gap, 14.0, 120.0)
    is_alive = seen.is_alive(active_within_days=active_within_days)
    return np.asarray(is_alive & (overdue > OVERDUE))


def assign(
    seen: Sighting,
    *,
    week: int,
    last_assigned_week: Ints,
    active_within_days: int,
    rng: np.random.Generator,
) -> Assignments:
    """Return what a campaign assigns to whom, with arms at random.

    Parameters
    ----------
    seen : what the shop sees.
    week : the week at whose beginning it runs.
    last_assigned_week : of each customer, in either arm; the cool-off counts from there.
    active_within_days : days without order after which a customer is given up.
    rng : source of chance; its use does not depend on who is picked.
    """
    count = len(seen.orders)
    action_chance, arm_chance = rng.random(count), rng.random(count)
    delay = rng.integers(600, 36_000, size=count)
    is_rested = week - last_assigned_week >= EFFECT_WEEKS
    picked = np.flatnonzero(looks_inactive(seen, active_within_days=active_within_days) & is_rested)
    weights = np.cumsum(_menu(seen, picked), axis=1)
    action = (weights < action_chance[picked, None] * weights[:, -1:]).sum(axis=1)
    return Assignments(
        week=week,
        customer=picked,
        action=action,
        is_treated=arm_chance[picked] >= HOLDOUT,
        delivered_after_seconds=delay[picked],
    )


def _menu(seen: Sighting, picked: Ints) -> Floats:
    weights = np.zeros((len(picked), len(ACTION_CODES)))
    weights[:, [ACTION_CODES.index(code) for code in _GENERAL]] = 1.0
    fitting = (
        ("apology_call", seen.has_open_case),
        ("priority_resolution", seen.has_open_case),
        ("onboarding_help", seen.tenure_days < NEWCOMER_DAYS),
        ("billing_contact", seen.has_failed_payment),
    )
    for code, flags in fitting:
        weights[:, ACTION_CODES.index(code)] = _FITTING_WEIGHT * flags[picked]
    return weights
