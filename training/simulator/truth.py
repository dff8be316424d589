"""What only a simulation can know: true risks, causes and effects of actions.

Exact by construction: given the path of intensity, orders are Poisson, so the probability of none
in a window is ``exp(-integral of the intensity over the window)``. Nothing but tests and
benchmarks may read this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.campaigns import EVERY_WEEKS, campaign_weeks
from training.simulator.effects import ACTION_CODES, EFFECT_WEEKS, betas, dominant_cause, fading
from training.simulator.grid import WEEK_DAYS, Flags, Floats, Grid, Ints, window_weights

if TYPE_CHECKING:
    from training.simulator.history import History, Standing, World

MONTHS = 6
"""Truth is written for the end of the log and so many four-week steps before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Truth at one ``as_of``; arrays with one entry for each customer who has signed up."""

    week: int
    customer: Ints
    is_alive: Flags
    true_risk: Floats
    """Probability of no order in the outcome window if nothing more is done."""
    cause: Ints
    churned: Flags
    """Whether there really was no order in the window, campaigns included."""
    effects: Floats
    """Fall of the risk if the action is delivered at ``as_of``; (customers, actions)."""


def truth_weeks(grid: Grid) -> tuple[int, ...]:
    """Return the weeks at whose beginning truth is written.

    The first lies so far before the first campaign that no outcome is touched by one; the others
    are the beginnings of the last campaigns, and the end of the log.

    Examples
    --------
    >>> truth_weeks(Grid(log_days=730, future_weeks=9))
    (41, 81, 85, 89, 93, 97, 101, 105)
    """
    untouched = campaign_weeks(grid)[0] - EFFECT_WEEKS
    months = (grid.log_weeks - EVERY_WEEKS * back for back in reversed(range(MONTHS + 1)))
    return (untouched, *months)


def truths(world: World, history: History) -> list[Truth]:
    """Return the truth at every standing of a history."""
    return [_truth(world, history, standing) for standing in history.standings]


def _truth(world: World, history: History, standing: Standing) -> Truth:
    week, definition = standing.week, world.definition
    weights = window_weights(gap_days=definition.gap_days, horizon_days=definition.horizon_days)
    later = np.arange(len(weights))
    beta = standing.treated_beta
    boost = np.stack([np.exp(beta * fading(week + k - standing.treated_week)) for k in later])
    expected = weights[:, None] * world.path[week : week + len(weights)] * boost
    true_risk = np.exp(-expected.sum(axis=0))
    cause = dominant_cause(world.episodes, world.displeasure[week], week=week)
    beta_by_action = betas(cause, world.responses)
    fades = fading(later)
    effects = np.empty((len(true_risk), len(ACTION_CODES)))
    for action in range(len(ACTION_CODES)):
        lifted = np.exp(fades[:, None] * beta_by_action[:, action]) * expected
        effects[:, action] = true_risk - np.exp(-lifted.sum(axis=0))
    has_joined = np.flatnonzero(world.customers.signup_day < week * WEEK_DAYS)
    return Truth(
        week=week,
        customer=has_joined,
        is_alive=standing.is_alive[has_joined],
        true_risk=true_risk[has_joined],
        cause=cause[has_joined],
        churned=~_has_order_in_window(world, history, week=week)[has_joined],
        effects=effects[has_joined],
    )


def _has_order_in_window(world: World, history: History, *, week: int) -> Flags:
    start = week * WEEK_DAYS + world.definition.gap_days
    day = history.orders.day
    within = (day >= start) & (day < start + world.definition.horizon_days)
    has_order = np.zeros(len(world.customers), dtype=np.bool_)
    has_order[history.orders.customer[within]] = True
    return has_order
