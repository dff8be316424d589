"""Recency: how long since the last purchase."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_recency = family("recency", table="transactions", view="purchase_days", cause="disengagement")

FEATURES: tuple[Feature, ...] = (
    _recency(
        "recency_days",
        "min(last_age_days)",
        unit="days",
        risk="rises",
        meaning="Days since the last purchase.",
        reason=(
            "Last purchase {value} days ago (typical {typical})",
            "距上次购买已 {value} 天(一般为 {typical} 天)",
        ),
    ),
    _recency(
        "first_purchase_age_days",
        "max(first_age_days)",
        unit="days",
        meaning="Days since the first purchase within the lookback.",
        reason=(
            "First purchase of the period {value} days ago (typical {typical})",
            "期内首次购买在 {value} 天前(一般为 {typical} 天)",
        ),
        cause="poor_start",
    ),
)
