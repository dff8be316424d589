"""What is in an order: lines, prices, discounts, returns. When it happens is in ``history``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.arrivals import Arrivals, seconds_of_day
from training.simulator.customers import CATEGORIES
from training.simulator.intensity import DRIFT_WEEKS
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.grid import Floats, Ints
    from training.simulator.history import World

CHANNELS = ("web", "app", "shop")
PRODUCTS_PER_CATEGORY = 40
LATE_SHARE = 0.06
"""Share of rows that the company's systems learn of days later."""
_LINES = (0.62, 0.26, 0.12)
_RETURNED = 0.04
_RETURNED_BY_MISFIT = 0.40


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of orders and returns; arrays of one length."""

    at: Arrivals
    order: Ints
    """Running number of the order."""
    product: Ints
    category: Ints
    channel: Ints
    quantity: Ints
    """Negative for a return."""
    cents: Ints
    """Paid, after the discount; negative for a return."""
    discount_cents: Ints
    late_seconds: Ints
    """How much later the systems knew."""


def draw_lines(world: World, orders: Arrivals, *, drift: float) -> Lines:
    """Draw the lines of all orders of the log, and what is returned of them.

    Parameters
    ----------
    world : all that is settled before.
    orders : orders in the order of weeks.
    drift : strength of the change in the last quarter; prices rise by this share.
    """
    weeks = orders.week
    edges = np.searchsorted(weeks, np.arange(world.grid.log_weeks + 1))
    parts = []
    for week in range(world.grid.log_weeks):
        chosen = np.arange(edges[week], edges[week + 1])
        strength = drift if week >= world.grid.log_weeks - DRIFT_WEEKS else 0.0
        bought = _bought(world, orders.where(chosen), int(edges[week]), week, strength)
        parts += [bought, _returned(world, bought, week)]
    return _join(parts)


def _bought(world: World, orders: Arrivals, first_order: int, week: int, drift: float) -> Lines:
    rng = stream(world.seed, "orders", week=2 * week)
    who = world.customers
    count = len(orders.customer)
    channel = rng.choice(3, p=_channel_shares(drift), size=count)
    late = np.where(rng.random(count) < LATE_SHARE, rng.integers(3600, 6 * 86_400, count), 0)
    order = np.repeat(np.arange(count), 1 + rng.choice(3, p=_LINES, size=count))
    lines, customer = len(order), orders.customer[order]
    at_week = np.full(lines, week)
    dear = world.episodes.strength("value_for_money", at_week, customer=customer)
    loyal = rng.random(lines) < 0.6
    category = np.where(loyal, who.favourite[customer], rng.integers(len(CATEGORIES), size=lines))
    product = category * PRODUCTS_PER_CATEGORY + rng.integers(PRODUCTS_PER_CATEGORY, size=lines)
    quantity = 1 + rng.poisson(0.35, lines)
    price = who.line_cents[customer] * rng.lognormal(0.0, 0.35, lines) * (1 + drift)
    gross = np.round(price * (1 - 0.45 * dear) * quantity) + 50
    has_discount = rng.random(lines) < 0.08 + 0.25 * who.price_sensitivity[customer] + 0.5 * dear
    discount = np.round(np.where(has_discount, rng.uniform(0.05, 0.3, lines), 0.0) * gross)
    return Lines(
        at=orders.where(order),
        order=first_order + order,
        product=product,
        category=category,
        channel=channel[order],
        quantity=quantity,
        cents=(gross - discount).astype(np.int64),
        discount_cents=discount.astype(np.int64),
        late_seconds=late[order],
    )


def _returned(world: World, bought: Lines, week: int) -> Lines:
    rng = stream(world.seed, "orders", week=2 * week + 1)
    customer = bought.at.customer
    at_week = np.full(len(customer), week)
    misfit = world.episodes.strength("product_mismatch", at_week, customer=customer)
    likely = _RETURNED * (0.5 + world.customers.misfit[customer] * 2) + _RETURNED_BY_MISFIT * misfit
    back = np.flatnonzero(rng.random(len(customer)) < likely)
    day = bought.at.day[back] + rng.integers(3, 21, size=len(back))
    return Lines(
        at=Arrivals(
            customer=customer[back],
            day=day.astype(np.int32),
            second=seconds_of_day(len(back), rng=rng),
        ),
        order=bought.order[back],
        product=bought.product[back],
        category=bought.category[back],
        channel=bought.channel[back],
        quantity=-bought.quantity[back],
        cents=-bought.cents[back],
        discount_cents=np.zeros(len(back), dtype=np.int64),
        late_seconds=np.zeros(len(back), dtype=np.int64),
    )


def _channel_shares(drift: float) -> Floats:
    app = min(0.3 * (1 + drift), 0.8)
    others = (1 - app) / 0.70
    return np.array([0.55 * others, app, 0.15 * others])


def _join(parts: list[Lines]) -> Lines:
    def column(name: str) -> Ints:
        return np.concatenate([getattr(part, name) for part in parts])

    at = [part.at for part in parts]
    return Lines(
        at=Arrivals(
            customer=np.concatenate([one.customer for one in at]),
            day=np.concatenate([one.day for one in at]),
            second=np.concatenate([one.second for one in at]),
        ),
        order=column("order"),
        product=column("product"),
        category=column("category"),
        channel=column("channel"),
        quantity=column("quantity"),
        cents=column("cents"),
        discount_cents=column("discount_cents"),
        late_seconds=column("late_seconds"),
    )
