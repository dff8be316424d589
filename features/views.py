"""The base views that features aggregate over, each a query over seen tables only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A base view: one row for each thing that happened, with its age."""

    name: str
    table: str
    sql: str
    """Over ``seen_<table>`` or over another view of the same table."""


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
                "SELECT *, lag(age_day) OVER (PARTITION BY customer_id ORDER BY age_day DESC)"
                " - age_day AS gap_days FROM ("
                "SELECT customer_id, age_day, min(age_days) AS last_age_days,"
                " max(age_days) AS first_age_days,"
                " sum(amount) AS amount, coalesce(sum(discount), 0) AS discount,"
                " greatest(count(DISTINCT order_id), 1) AS orders"
                " FROM purchases GROUP BY customer_id, age_day)"
            ),
        ),
        View(
            name="returns_seen",
            table="transactions",
            sql="SELECT * FROM seen_transactions WHERE amount < 0",
        ),
        View(
            name="complaints_seen",
            table="complaints",
            sql=(
                "SELECT *, CASE WHEN resolved_at >= opened_at"
                " THEN date_diff('microsecond', opened_at, resolved_at) END AS resolution_us"
                " FROM seen_complaints"
            ),
        ),
        View(name="activity_seen", table="activity", sql="SELECT * FROM seen_activity"),
        View(name="surveys_seen", table="surveys", sql="SELECT * FROM seen_surveys"),
        View(
            name="payments_seen",
            table="payments",
            sql=(
                "SELECT *, date_diff('microsecond', due_at, paid_at) AS delay_us FROM seen_payments"
            ),
        ),
        View(
            name="customers_seen",
            table="customers",
            sql=(
                "SELECT *, date_diff('microsecond', signed_up_at, {as_of})"
                " / CAST(86400000000 AS DOUBLE) AS tenure_days FROM seen_customers"
            ),
        ),
    )
}
