"""Recency: how long since the last purchase, and since any sign of life."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_recency = family("recency", table="transactions", view="purchase_days", cause="disengagement")
_signs = family("recency", table="activity", cause="disengagement")

FEATURES: tuple[Feature, ...] = (
    _recency(
        "recency_days",
        "min(last_age_days)",
        unit="days",
        risk="rises",
        meaning="Days since the last purchase.",
        reason=(
            "Last purchase {value} day{s} ago",
            "距上次购买已 {value} 天",
        ),
    ),
    _recency(
        "first_purchase_age_days",
        "max(first_age_days)",
        unit="days",
        meaning="Days since the first purchase within the lookback.",
        reason=(
            "First purchase of the period {value} day{s} ago",
            "期内首次购买在 {value} 天前",
        ),
        cause="poor_start",
    ),
    _recency(
        "silence_share",
        "recency_days / first_purchase_age_days",
        view=None,
        unit="share",
        high=1.0,
        risk="rises",
        meaning=(
            "Days since the last purchase over days since the first within the lookback; 1 is"
            " somebody who bought once."
        ),
        reason=(
            "Silent for {value} of the time since the first purchase of the period",
            "自期内首次购买以来,有 {value} 的时间处于沉默",
        ),
    ),
    _signs(
        "last_sign_days",
        "least(recency_days, activity_recency_days)",
        unit="days",
        risk="rises",
        meaning="Days since the last purchase or activity, whichever came later.",
        reason=(
            "No purchase or activity for {value} day{s}",
            "已有 {value} 天没有购买或活动",
        ),
    ),
)
