"""Frequency: on how many days and in how many orders a customer buys."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_frequency = family("frequency", table="transactions", view="purchase_days", cause="disengagement")

ACTIVE_MONTHS = (
    "count(*) FILTER (age_day < 360"
    " AND (gap_days IS NULL OR (age_day + gap_days) // 30 <> age_day // 30))"
)
"""Counts the first purchase day of each period of 30 days: the one before lies in another."""


def _purchase_days(days: int) -> Feature:
    return _frequency(
        f"purchase_days_{days}d",
        f"count(*) FILTER (age_day < {days})",
        unit="days",
        high=days,
        when_no_rows="0",
        risk="falls",
        meaning=f"Days with a purchase in the last {days} days.",
        reason=(
            f"{{value}} purchase day{{s}} in the last {days} days",
            f"近 {days} 天有 {{value}} 天购买",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _purchase_days(30),
    _purchase_days(90),
    _purchase_days(180),
    _purchase_days(365),
    _frequency(
        "orders_365d",
        "sum(orders) FILTER (age_day < 365)",
        columns=("order_id",),
        unit="orders",
        when_no_rows="0",
        risk="falls",
        meaning="Orders in the last 365 days.",
        reason=(
            "{value} order{s} in the last 365 days",
            "近 365 天有 {value} 笔订单",
        ),
    ),
    _frequency(
        "multi_order_days_365d",
        "count(*) FILTER (orders > 1 AND age_day < 365)",
        columns=("order_id",),
        unit="days",
        high=365,
        when_no_rows="0",
        risk="falls",
        meaning="Days with more than one order in the last 365 days.",
        reason=(
            "Ordered more than once on {value} day{s} of the last 365",
            "近 365 天有 {value} 天下单不止一次",
        ),
    ),
    _frequency(
        "lines_per_purchase_day_365d",
        "CAST(sum(lines) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(*) FILTER (age_day < 365), 0)",
        unit="lines",
        low=1.0,
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        meaning="Mean number of lines bought on a purchase day of the last 365 days.",
        reason=(
            "Buys {value} line{s} on a purchase day",
            "平均每个购买日购买 {value} 项",
        ),
    ),
    _frequency(
        "active_months_360d",
        ACTIVE_MONTHS,
        unit="months",
        high=12,
        when_no_rows="0",
        risk="falls",
        meaning="Periods of 30 days with a purchase, of the last twelve.",
        reason=(
            "Purchases in {value} of the last 12 months",
            "近 12 个月中有 {value} 个月购买",
        ),
    ),
)
