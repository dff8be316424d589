"""Invoices that fall due every four weeks, and whether they are paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.arrivals import Arrivals, join_arrivals, seconds_of_day
from training.simulator.grid import WEEK_DAYS, Flags, Floats, Grid, Ints
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.customers import Customers
    from training.simulator.episodes import Episodes

EVERY_WEEKS = 4
FAILS_IN_TROUBLE = 0.85
FAILS_OTHERWISE = 0.02
_RECENT_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Sums that fell due; arrays of one length."""

    due: Arrivals
    paid_after_days: Floats
    """Days from due to paid; infinite if never."""
    cents: Ints
    failed: Flags
    """The first attempt failed."""

    def failing_customers(self, day: int, *, count: int) -> Flags:
        """Return whose payment failed in the eight weeks before a day."""
        recent = self.failed & (self.due.day < day) & (self.due.day >= day - _RECENT_DAYS)
        failing = np.zeros(count, dtype=np.bool_)
        failing[self.due.customer[recent]] = True
        return failing


def draw_payments(
    customers: Customers, episodes: Episodes, orders: Floats, *, grid: Grid, seed: int
) -> Payments:
    """Draw the invoices of the log.

    Parameters
    ----------
    customers : their traits; only those who pay by invoice have any.
    episodes : the declines, of which payment failure matters here.
    orders : expected orders, (weeks, customers), before drift and treatments.
    grid : the weeks of the simulation.
    seed : seed of the shop.
    """
    rng = stream(seed, "payments")
    payers = np.flatnonzero(customers.pays_by_invoice)
    offset = rng.integers(EVERY_WEEKS, size=len(payers))
    parts = []
    for week in range(EVERY_WEEKS, grid.log_weeks):
        mine = payers[offset == week % EVERY_WEEKS]
        bought = orders[week - EVERY_WEEKS : week, mine].sum(axis=0)
        trouble = episodes.strength("payment_failure", np.full(len(mine), week), customer=mine)
        expected = -np.expm1(-bought / np.clip(1 - trouble, 0.05, None))
        due = mine[rng.random(len(mine)) < expected]
        day = week * WEEK_DAYS + rng.integers(WEEK_DAYS, size=len(due))
        after_signup = day > customers.signup_day[due] + EVERY_WEEKS * WEEK_DAYS
        second = seconds_of_day(len(due), rng=rng)
        parts.append(Arrivals(customer=due, day=day, second=second).where(after_signup))
    dues = join_arrivals(parts)
    count = len(dues.customer)
    trouble = episodes.strength("payment_failure", dues.week, customer=dues.customer)
    failed = rng.random(count) < np.where(trouble > 0.3, FAILS_IN_TROUBLE, FAILS_OTHERWISE)
    on_time = np.minimum(rng.gamma(1.0, 3.0, count), 12.0)
    late = np.where(rng.random(count) < 0.45, 12 + rng.exponential(20.0, count), np.inf)
    return Payments(
        due=dues,
        paid_after_days=np.where(failed, late, on_time),
        cents=np.round(customers.line_cents[dues.customer] * rng.lognormal(0.6, 0.4, count)).astype(
            np.int64
        ),
        failed=failed,
    )
