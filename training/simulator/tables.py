"""From the simulation's arrays to Arrow tables with the columns of the table contracts.

Only rows that the shop could know at the end of its log are kept: what happens, is completed or
becomes known later is cut off or null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.simulator.arrow import ids, instants, money, words
from training.simulator.campaigns import HOLDOUT
from training.simulator.customers import CATEGORIES, REGIONS, SEGMENTS, Customers
from training.simulator.effects import ACTION_CODES, ACTIONS
from training.simulator.episodes import CAUSE_NAMES
from training.simulator.grid import WEEK_DAYS
from training.simulator.orders import CHANNELS, PRODUCTS_PER_CATEGORY, Lines
from training.simulator.signals import KINDS, METRICS, Activity, Surveys

if TYPE_CHECKING:
    from training.simulator.arrivals import Arrivals
    from training.simulator.complaints import Complaints
    from training.simulator.grid import Floats, Grid, Ints
    from training.simulator.history import History
    from training.simulator.payments import Payments
    from training.simulator.truth import Truth

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_COMPLAINT_CATEGORIES = ("delivery", "quality", "billing", "service")
_COMPLAINT_CHANNELS = ("email", "phone", "chat")


def transactions_table(lines: Lines, *, grid: Grid) -> Any:
    """Return lines of orders and returns."""
    at = grid.microseconds(lines.at.day, lines.at.second)
    known = at + lines.late_seconds * _SECOND
    kept = _sorted_and_distinct(
        np.flatnonzero(known < _end(grid)),
        lines.at.customer,
        at,
        lines.order,
        lines.product,
        lines.cents,
        lines.quantity,
    )
    products = [f"P{number:04d}" for number in range(len(CATEGORIES) * PRODUCTS_PER_CATEGORY)]
    return pa.table(
        {
            "customer_id": ids(lines.at.customer[kept]),
            "occurred_at": instants(at[kept]),
            "amount": money(lines.cents[kept]),
            "order_id": ids(lines.order[kept], prefix="O", digits=9),
            "product_id": words(products, lines.product[kept]),
            "category": words(CATEGORIES, lines.category[kept]),
            "channel": words(CHANNELS, lines.channel[kept]),
            "quantity": pa.array(lines.quantity[kept].astype(np.float64)),
            "discount": money(lines.discount_cents[kept]),
            "known_at": instants(known[kept]),
        }
    )


def complaints_table(complaints: Complaints, *, grid: Grid) -> Any:
    """Return cases; ``resolved_at`` and ``reopened`` are null while a case is open."""
    opened = _at(complaints.opened, grid)
    resolved = _later(opened, complaints.resolved_after_days)
    kept = _kept(complaints.opened, grid)
    is_open = resolved[kept] >= _end(grid)
    return pa.table(
        {
            "customer_id": ids(complaints.opened.customer[kept]),
            "opened_at": instants(opened[kept]),
            "resolved_at": instants(resolved[kept], is_null=is_open),
            "severity": pa.array(complaints.severity[kept].astype(np.float64)),
            "category": words(_COMPLAINT_CATEGORIES, complaints.category[kept]),
            "channel": words(_COMPLAINT_CHANNELS, complaints.channel[kept]),
            "reopened": pa.array(complaints.reopened[kept], mask=is_open),
            "known_at": instants(opened[kept]),
        }
    )


def activity_table(activity: Activity, *, grid: Grid) -> Any:
    """Return signs of life."""
    kept = _kept(activity.at, grid)
    at = _at(activity.at, grid)[kept]
    minutes = activity.minutes[kept]
    return pa.table(
        {
            "customer_id": ids(activity.at.customer[kept]),
            "occurred_at": instants(at),
            "kind": words(KINDS, activity.kind[kept]),
            "value": pa.array(minutes, mask=np.isnan(minutes)),
            "known_at": instants(at),
        }
    )


def surveys_table(surveys: Surveys, *, grid: Grid) -> Any:
    """Return answers to surveys."""
    kept = _kept(surveys.at, grid)
    at = _at(surveys.at, grid)[kept]
    return pa.table(
        {
            "customer_id": ids(surveys.at.customer[kept]),
            "answered_at": instants(at),
            "metric": words(METRICS, surveys.metric[kept]),
            "score": pa.array(surveys.score[kept].astype(np.float64)),
            "known_at": instants(at),
        }
    )


def payments_table(payments: Payments, *, grid: Grid) -> Any:
    """Return sums that fell due; ``paid_at`` is null while unpaid."""
    due = _at(payments.due, grid)
    paid = _later(due, payments.paid_after_days)
    kept = _kept(payments.due, grid)
    is_unpaid = paid[kept] >= _end(grid)
    status = np.where(is_unpaid, np.where(payments.failed[kept], 2, 3), payments.failed[kept])
    return pa.table(
        {
            "customer_id": ids(payments.due.customer[kept]),
            "due_at": instants(due[kept]),
            "paid_at": instants(paid[kept], is_null=is_unpaid),
            "amount": money(payments.cents[kept]),
            "status": words(("paid", "paid_late", "failed", "open"), status),
            "known_at": instants(due[kept]),
        }
    )


def customers_table(customers: Customers, *, grid: Grid) -> Any:
    """Return what the shop knows of its customers; a few regions are missing."""
    signed_up = grid.microseconds(customers.signup_day, np.zeros(len(customers), dtype=np.int64))
    number = np.arange(len(customers))
    return pa.table(
        {
            "customer_id": ids(number),
            "signed_up_at": instants(signed_up),
            "segment": words(SEGMENTS, customers.segment),
            "region": pc.if_else(
                pa.array(number % 37 == 5),
                pa.scalar(None, pa.string()),
                words(REGIONS, customers.region),
            ),
            "known_at": instants(signed_up),
        }
    )


def treatments_table(history: History, *, grid: Grid) -> Any:
    """Return assigned actions; the hold-out arm has no delivery and no cost."""
    made = history.assignments
    customer = np.concatenate([one.customer for one in made])
    action = np.concatenate([one.action for one in made])
    is_treated = np.concatenate([one.is_treated for one in made])
    day = np.repeat([WEEK_DAYS * one.week for one in made], [len(one.customer) for one in made])
    delay = np.concatenate([one.delivered_after_seconds for one in made])
    assigned = grid.microseconds(day, np.zeros(len(day), dtype=np.int64))
    order = np.lexsort((assigned, customer))
    cost = np.array([one.cost_cents for one in ACTIONS])[action[order]]
    is_holdout = ~is_treated[order]
    return pa.table(
        {
            "customer_id": ids(customer[order]),
            "assigned_at": instants(assigned[order]),
            "action": words(ACTION_CODES, action[order]),
            "arm": words(("treated", "holdout"), is_holdout.astype(np.int64)),
            "propensity": pa.array(np.where(is_holdout, HOLDOUT, 1 - HOLDOUT)),
            "delivered_at": instants((assigned + delay * _SECOND)[order], is_null=is_holdout),
            "cost": money(cost, is_null=is_holdout),
            "known_at": instants(assigned[order]),
        }
    )


def truth_table(truth: Truth, *, grid: Grid) -> Any:
    """Return the truth at one ``as_of``."""
    at = grid.midnight_microseconds(truth.week * WEEK_DAYS)
    columns = {
        "customer_id": ids(truth.customer),
        "as_of": instants(np.full(len(truth.customer), at)),
        "is_alive": pa.array(truth.is_alive),
        "true_risk": pa.array(truth.true_risk.astype(np.float64)),
        "cause": words(CAUSE_NAMES, truth.cause),
        "churned": pa.array(truth.churned),
    }
    for number, code in enumerate(ACTION_CODES):
        columns[f"effect_{code}"] = pa.array(truth.effects[:, number].astype(np.float32))
    return pa.table(columns)


def _end(grid: Grid) -> int:
    return grid.midnight_microseconds(grid.end_day)


def _at(arrivals: Arrivals, grid: Grid) -> Ints:
    return grid.microseconds(arrivals.day, arrivals.second)


def _later(at: Ints, days: Floats) -> Ints:
    """Return instants so many days later; far beyond any log where that is never."""
    bounded = np.minimum(days, 36_500.0)
    return np.asarray(at + np.round(bounded * 86_400).astype(np.int64) * _SECOND)


def _kept(arrivals: Arrivals, grid: Grid) -> Ints:
    """Return the places of the events within the log, by customer and time, one a second."""
    within = np.flatnonzero((arrivals.day >= grid.first_day) & (arrivals.day < grid.end_day))
    return _sorted_and_distinct(within, arrivals.customer, arrivals.day, arrivals.second)


def _sorted_and_distinct(kept: Ints, *keys: Ints) -> Ints:
    """Return places sorted by keys, the first key first, each combination of keys once."""
    values = [key[kept] for key in keys]
    order = np.lexsort(values[::-1])
    is_new = np.ones(len(kept), dtype=np.bool_)
    is_new[1:] = np.any([value[order][1:] != value[order][:-1] for value in values], axis=0)
    return np.asarray(kept[order][is_new])
