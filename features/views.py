"""The base views that features aggregate over, each a query over seen tables only.

A view never names an instant: the filter in ``features.seen`` gives every row its age. Windows here
order the rows of one customer, so that features need none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A base view: one row for each thing that happened, with its age."""

    name: str
    table: str
    sql: str
    """Over ``seen_<table>`` or over another view of the same table."""


def _days_of(what: str) -> View:
    """Return the days on which a customer bought a thing, each with its neighbours in time.

    Where the next day is null the day is the latest: counting those counts different things.
    """
    name = what.removesuffix("_id")
    return View(
        name=f"{name}_days",
        table="transactions",
        sql=(
            f"SELECT *, {_neighbour('lead', what)} AS next_age_day,"
            f" {_neighbour('lag', what)} AS previous_age_day FROM ("
            f"SELECT customer_id, {what}, age_day, count(*) AS lines, sum(amount) AS amount"
            f" FROM purchases WHERE {what} IS NOT NULL GROUP BY customer_id, {what}, age_day)"
        ),
    )


def _neighbour(function: str, what: str) -> str:
    return f"{function}(age_day) OVER (PARTITION BY customer_id, {what} ORDER BY age_day DESC)"


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View(
            name="purchases",
            table="transactions",
            sql="SELECT * FROM seen_transactions WHERE amount >= 0",
        ),
        View(
            name="purchase_days",
            table="transactions",
            sql=(
                "SELECT *, lag(age_day) OVER days - age_day AS gap_days,"
                " lag(amount) OVER days AS amount_before,"
                " min(age_day) OVER (PARTITION BY customer_id) AS silence_days FROM ("
                "SELECT customer_id, age_day, min(weekday) AS weekday,"
                " min(age_days) AS last_age_days, max(age_days) AS first_age_days,"
                " count(*) AS lines, sum(amount) AS amount, coalesce(sum(discount), 0) AS discount,"
                " sum(CAST(quantity AS DECIMAL(18, 4))) AS quantity,"
                " greatest(count(DISTINCT order_id), 1) AS orders"
                " FROM purchases GROUP BY customer_id, age_day)"
                " WINDOW days AS (PARTITION BY customer_id ORDER BY age_day DESC)"
            ),
        ),
        _days_of("product_id"),
        _days_of("category"),
        _days_of("channel"),
        View(
            name="returns_seen",
            table="transactions",
            sql="SELECT * FROM seen_transactions WHERE amount < 0",
        ),
        View(
            name="return_days",
            table="transactions",
            sql=(
                "SELECT customer_id, age_day, sum(amount) AS amount"
                " FROM returns_seen GROUP BY customer_id, age_day"
            ),
        ),
        View(
            name="complaints_seen",
            table="complaints",
            sql=(
                "SELECT *, CASE WHEN resolved_at >= opened_at"
                " THEN date_diff('microsecond', opened_at, resolved_at) END AS resolution_us,"
                " age_days - CAST(date_diff('microsecond', opened_at, resolved_at) AS DOUBLE)"
                " / 86400000000 AS resolved_age_days"
                " FROM seen_complaints"
            ),
        ),
        View(
            name="activity_days",
            table="activity",
            sql=(
                "SELECT *, lag(age_day) OVER (PARTITION BY customer_id ORDER BY age_day DESC)"
                " - age_day AS gap_days FROM ("
                "SELECT customer_id, age_day, min(weekday) AS weekday,"
                " min(age_days) AS last_age_days, count(*) AS events,"
                " sum(CAST(value AS DECIMAL(18, 4))) AS value"
                " FROM seen_activity GROUP BY customer_id, age_day)"
            ),
        ),
        View(
            name="activity_kinds",
            table="activity",
            sql=(
                f"SELECT *, {_neighbour('lead', 'kind')} AS next_age_day,"
                f" {_neighbour('lag', 'kind')} AS previous_age_day FROM ("
                "SELECT customer_id, kind, age_day, count(*) AS events"
                " FROM seen_activity WHERE kind IS NOT NULL GROUP BY customer_id, kind, age_day)"
            ),
        ),
        View(
            name="surveys_seen",
            table="surveys",
            sql=(
                "SELECT *, lag(score) OVER answers AS score_before,"
                " lead(score) OVER answers IS NULL AS is_latest FROM seen_surveys"
                " WINDOW answers AS (PARTITION BY customer_id, metric"
                " ORDER BY answered_at, score DESC)"
            ),
        ),
        View(
            name="payments_seen",
            table="payments",
            sql=(
                "SELECT *, date_diff('microsecond', due_at, paid_at) AS delay_us FROM seen_payments"
            ),
        ),
        View(
            name="balances_seen",
            table="balances",
            sql=(
                "SELECT *, first_value(name) OVER (PARTITION BY customer_id"
                " ORDER BY measurements DESC, name) = name AS is_main FROM ("
                "SELECT customer_id, name, age_day, age_days, value,"
                " lag(value) OVER in_time AS value_before,"
                " lead(value) OVER in_time IS NULL AS is_latest,"
                " first_value(value) OVER in_time AS first_value,"
                " max(value) OVER of_name AS peak, count(*) OVER of_name AS measurements FROM ("
                "SELECT customer_id, name, age_day, age_days, measured_at,"
                " CAST(value AS DECIMAL(18, 4)) AS value FROM seen_balances)"
                " WINDOW of_name AS (PARTITION BY customer_id, name),"
                " in_time AS (PARTITION BY customer_id, name ORDER BY measured_at, value DESC))"
            ),
        ),
        View(
            name="subscriptions_seen",
            table="subscriptions",
            sql=(
                "SELECT *, age_days - CAST(date_diff('microsecond', started_at, ended_at)"
                " AS DOUBLE) / 86400000000 AS ended_age_days,"
                " lag(price) OVER (PARTITION BY customer_id ORDER BY started_at, price)"
                " AS price_before,"
                " lag(plan) OVER (PARTITION BY customer_id ORDER BY started_at, plan) <> plan"
                " AS plan_changed FROM seen_subscriptions"
            ),
        ),
        View(
            name="customers_seen",
            table="customers",
            sql=(
                "SELECT *, date_diff('microsecond', signed_up_at, $as_of)"
                " / CAST(86400000000 AS DOUBLE) AS tenure_days FROM seen_customers"
            ),
        ),
    )
}


def views_below(names: Iterable[str]) -> list[str]:
    """Return views with those that they read, in the order in which they build on each other.

    Examples
    --------
    >>> views_below(["return_days"])
    ['returns_seen', 'return_days']
    """
    used = set(names)
    waiting = list(used)
    while waiting:
        below = set(re.findall(r"\w+", VIEWS[waiting.pop()].sql)) & VIEWS.keys() - used
        used |= below
        waiting += below
    return [name for name in VIEWS if name in used]
