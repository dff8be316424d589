"""The march through time: orders week by week, with campaigns that react to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.arrivals import Arrivals, arrivals_in_week, join_arrivals, seconds_of_day
from training.simulator.campaigns import Assignments, Sighting, assign, campaign_weeks
from training.simulator.effects import betas, dominant_cause, fading
from training.simulator.grid import WEEK_DAYS, Flags, Floats, Grid, Ints
from training.simulator.streams import stream

if TYPE_CHECKING:
    from ebbtide.definition import ChurnDefinition
    from training.simulator.complaints import Complaints
    from training.simulator.customers import Customers
    from training.simulator.episodes import Episodes
    from training.simulator.payments import Payments

_NEVER = -1_000
"""Week of the last assignment of a customer without one."""
_FAR_DAY = 1_000_000
"""Day of the first order of a customer without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is settled before the first order."""

    grid: Grid
    definition: ChurnDefinition
    seed: int
    customers: Customers
    episodes: Episodes
    path: Floats
    """Expected orders a week without treatment, (weeks, customers)."""
    displeasure: Floats
    """Fall of log intensity by complaints, (weeks, customers); already within the path."""
    complaints: Complaints
    payments: Payments
    responses: Floats
    """Each customer's own part of beta, (customers, actions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where every customer stands at the beginning of a week, before its campaign."""

    week: int
    is_alive: Flags
    treated_week: Ints
    """Week of the last delivered action; long past without one."""
    treated_beta: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened: orders (some beyond the log), treatments, and standings on request."""

    orders: Arrivals
    assignments: tuple[Assignments, ...]
    standings: tuple[Standing, ...]


@dataclass(slots=True, kw_only=True)
class _State:
    """What changes from week to week, one entry for each customer."""

    orders: Ints
    first_day: Ints
    last_day: Ints
    assigned_week: Ints
    treated_week: Ints
    treated_beta: Floats

    def record_orders(self, drawn: Arrivals) -> None:
        np.add.at(self.orders, drawn.customer, 1)
        np.minimum.at(self.first_day, drawn.customer, drawn.day)
        np.maximum.at(self.last_day, drawn.customer, drawn.day)

    def record_campaign(self, made: Assignments, beta: Floats) -> None:
        treated = made.customer[made.is_treated]
        self.assigned_week[made.customer] = made.week
        self.treated_week[treated] = made.week
        self.treated_beta[treated] = beta[made.is_treated]


def live(world: World, *, standing_weeks: tuple[int, ...]) -> History:
    """Draw orders and campaigns from the first week to the last.

    Parameters
    ----------
    world : all that is settled before.
    standing_weeks : weeks at whose beginning to note where customers stand.
    """
    state = _first_state(len(world.customers))
    campaigns = campaign_weeks(world.grid)
    orders, assignments, standings = [], [], []
    for week in range(world.grid.weeks):
        if week in standing_weeks:
            standings.append(_standing(world, state, week=week))
        if week in campaigns:
            made = assign(
                _sighting(world, state, week=week),
                week=week,
                last_assigned_week=state.assigned_week,
                active_within_days=world.definition.active_within_days,
                rng=stream(world.seed, "campaigns", week=week),
            )
            cause = dominant_cause(world.episodes, world.displeasure[week], week=week)
            beta = betas(cause, world.responses)[made.customer, made.action]
            state.record_campaign(made, beta)
            assignments.append(made)
        boost = np.exp(state.treated_beta * fading(week - state.treated_week))
        drawn = _orders_of_week(world, boost, week=week)
        state.record_orders(drawn)
        orders.append(drawn)
    return History(
        orders=join_arrivals(orders), assignments=tuple(assignments), standings=tuple(standings)
    )


def _first_state(count: int) -> _State:
    return _State(
        orders=np.zeros(count, dtype=np.int32),
        first_day=np.full(count, _FAR_DAY, dtype=np.int32),
        last_day=np.full(count, _NEVER * WEEK_DAYS, dtype=np.int32),
        assigned_week=np.full(count, _NEVER, dtype=np.int32),
        treated_week=np.full(count, _NEVER, dtype=np.int32),
        treated_beta=np.zeros(count),
    )


def _orders_of_week(world: World, boost: Floats, *, week: int) -> Arrivals:
    """Return the week's orders: a first one at sign-up, then as the intensity has it."""
    rng = stream(world.seed, "purchases", week=week)
    signup_day = world.customers.signup_day
    joined = np.flatnonzero(signup_day // WEEK_DAYS == week).astype(np.int32)
    first = Arrivals(
        customer=joined,
        day=signup_day[joined].astype(np.int32),
        second=seconds_of_day(len(joined), rng=rng),
    )
    later = arrivals_in_week(world.path[week] * boost, week=week, signup_day=signup_day, rng=rng)
    drawn = join_arrivals([first, later])
    return drawn.where(drawn.day >= world.grid.first_day)


def _sighting(world: World, state: _State, *, week: int) -> Sighting:
    day, count = week * WEEK_DAYS, len(world.customers)
    return Sighting(
        day=day,
        orders=state.orders,
        first_day=state.first_day,
        last_day=state.last_day,
        tenure_days=day - world.customers.signup_day,
        has_open_case=world.complaints.open_customers(day, count=count),
        has_failed_payment=world.payments.failing_customers(day, count=count),
    )


def _standing(world: World, state: _State, *, week: int) -> Standing:
    within = world.definition.active_within_days
    return Standing(
        week=week,
        is_alive=_sighting(world, state, week=week).is_alive(active_within_days=within),
        treated_week=state.treated_week.copy(),
        treated_beta=state.treated_beta.copy(),
    )
