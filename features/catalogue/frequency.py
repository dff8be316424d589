"""Frequency: on how many days and in how many orders a customer buys."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_frequency = family("frequency", table="transactions", view="purchase_days", cause="disengagement")


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
            f"{{value}} purchase days in the last {days} days (typical {{typical}})",
            f"近 {days} 天有 {{value}} 天购买(一般为 {{typical}} 天)",
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
            "{value} orders in the last 365 days (typical {typical})",
            "近 365 天有 {value} 笔订单(一般为 {typical} 笔)",
        ),
    ),
    _frequency(
        "active_months_360d",
        "count(DISTINCT age_day // 30) FILTER (age_day < 360)",
        unit="months",
        high=12,
        when_no_rows="0",
        risk="falls",
        meaning="Periods of 30 days with a purchase, of the last twelve.",
        reason=(
            "Purchases in {value} of the last 12 months (typical {typical})",
            "近 12 个月中有 {value} 个月购买(一般为 {typical} 个月)",
        ),
    ),
    _frequency(
        "purchase_days_same_season",
        "count(*) FILTER (age_day BETWEEN 275 AND 364)",
        unit="days",
        high=90,
        when_no_rows="0",
        risk="falls",
        meaning="Days with a purchase in the 90 days from a year before.",
        reason=(
            "{value} purchase days in the same season last year (typical {typical})",
            "去年同季有 {value} 天购买(一般为 {typical} 天)",
        ),
    ),
)
