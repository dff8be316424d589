"""Complaints, and the dissatisfaction that they leave behind.

Their rate follows expected, not realised, orders: so the path of intensity never depends on the
purchases that it produces, and the true risk stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.arrivals import Arrivals, seconds_of_day
from training.simulator.grid import WEEK_DAYS, Flags, Floats, Grid, Ints
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.customers import Customers

SEVERITY_SHARES = (0.25, 0.30, 0.25, 0.13, 0.07)
IMPACTS = np.array([0.05, 0.15, 0.45, 1.0, 1.7])
"""Fall of log intensity by severity 1 to 5, once the case is closed; worse while it is open."""
OPEN_FACTOR = 1.4
HEALING_WEEKS = np.array([3.0, 4.0, 6.0, 10.0, 14.0])
"""Time constant of the recovery after the case is closed, by severity."""
NEVER_RESOLVED = 0.06
LATE_RESOLVED = 0.10
WORST_DISSATISFACTION = 3.5
_FORGOTTEN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaints:
    """Cases; arrays of one length."""

    opened: Arrivals
    resolved_after_days: Floats
    """Days from opening to closing; infinite if never."""
    severity: Ints
    """1 to 5."""
    category: Ints
    channel: Ints
    reopened: Flags

    def open_customers(self, day: int, *, count: int) -> Flags:
        """Return which customers have an open case at the beginning of a day."""
        is_open = (self.opened.day < day) & (self.opened.day + self.resolved_after_days >= day)
        has_one = np.zeros(count, dtype=np.bool_)
        has_one[self.opened.customer[is_open]] = True
        return has_one


def draw_complaints(customers: Customers, orders: Floats, *, grid: Grid, seed: int) -> Complaints:
    """Draw the complaints of all weeks.

    Parameters
    ----------
    customers : their traits.
    orders : expected orders, (weeks, customers), before complaints and treatments.
    grid : the weeks of the simulation.
    seed : seed of the shop.
    """
    rng = stream(seed, "complaints")
    who, day = [], []
    for week in range(grid.weeks):
        probability = -np.expm1(-orders[week] * customers.complaints_per_order)
        found = np.flatnonzero(rng.random(len(customers)) < probability)
        at = week * WEEK_DAYS + rng.integers(WEEK_DAYS, size=len(found))
        after_signup = at > customers.signup_day[found]
        who.append(found[after_signup])
        day.append(at[after_signup])
    customer, opened_day = np.concatenate(who), np.concatenate(day)
    count = len(customer)
    severity = 1 + rng.choice(5, p=SEVERITY_SHARES, size=count)
    lag = rng.lognormal(np.log(2.5 + severity), 1.0, count) + 0.05
    late = rng.random(count) < LATE_RESOLVED
    lag = np.where(late, 30 + rng.exponential(45.0, count), lag)
    lag = np.where(rng.random(count) < NEVER_RESOLVED, np.inf, lag)
    return Complaints(
        opened=Arrivals(customer=customer, day=opened_day, second=seconds_of_day(count, rng=rng)),
        resolved_after_days=lag,
        severity=severity,
        category=rng.integers(4, size=count),
        channel=rng.integers(3, size=count),
        reopened=rng.random(count) < np.where(late, 0.35, 0.10),
    )


def dissatisfaction(complaints: Complaints, *, weeks: int, customers: int) -> Floats:
    """Return the fall of log intensity that complaints cause; (weeks, customers), >= 0.

    It starts in the week after the case is opened, is worst while it is open and then heals.

    Parameters
    ----------
    complaints : all cases.
    weeks : how many weeks to fill.
    customers : how many customers there are.
    """
    opened_day = complaints.opened.day
    opened = opened_day // WEEK_DAYS
    resolved = np.floor((opened_day + complaints.resolved_after_days) / WEEK_DAYS)
    impact = IMPACTS[complaints.severity - 1]
    healing = HEALING_WEEKS[complaints.severity - 1]
    customer = complaints.opened.customer
    total = np.zeros((weeks, customers), dtype=np.float32)
    alive = np.arange(len(customer))
    for age in range(1, weeks):
        week = opened[alive] + age
        since = np.clip(week - resolved[alive], 0.0, None)
        is_open = week <= resolved[alive]
        left = impact[alive] * np.where(is_open, OPEN_FACTOR, np.exp(-since / healing[alive]))
        matters = (week < weeks) & (left > _FORGOTTEN)
        alive, week, left = alive[matters], week[matters], left[matters]
        np.add.at(total, (week, customer[alive]), left.astype(np.float32))
    return np.minimum(total, np.float32(WORST_DISSATISFACTION))
