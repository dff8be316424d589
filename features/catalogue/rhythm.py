"""Rhythm: silence measured against the customer's own gaps between purchase days."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_rhythm = family("rhythm", table="transactions", view="purchase_days", cause="disengagement")

_ONE_PURCHASE = ("Only one purchase day so far", "目前仅有一个购买日")

FEATURES: tuple[Feature, ...] = (
    _rhythm(
        "gap_mean_days",
        "CAST(sum(gap_days) AS DOUBLE) / nullif(count(gap_days), 0)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Mean days between purchase days.",
        reason=(
            "Usually buys every {value} days (typical {typical})",
            "平均每 {value} 天购买一次(一般为 {typical} 天)",
        ),
    ),
    _rhythm(
        "gap_max_days",
        "max(gap_days)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Longest gap between purchase days.",
        reason=(
            "Longest earlier gap was {value} days (typical {typical})",
            "此前最长间隔为 {value} 天(一般为 {typical} 天)",
        ),
    ),
    _rhythm(
        "gap_last_days",
        "arg_min(gap_days, age_day)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Days between the last two purchase days.",
        reason=(
            "The last two purchases were {value} days apart (typical {typical})",
            "最近两次购买相隔 {value} 天(一般为 {typical} 天)",
        ),
    ),
    _rhythm(
        "gap_variation",
        "CASE WHEN count(gap_days) >= 2 THEN sqrt(greatest(CAST(count(gap_days)"
        " * sum(gap_days * gap_days) - sum(gap_days) * sum(gap_days) AS DOUBLE), 0))"
        " / CAST(sum(gap_days) AS DOUBLE) END",
        unit="ratio",
        when_null=("Fewer than three purchase days so far", "购买日少于三个"),
        meaning="Coefficient of variation of the gaps: 0 is a clock, 1 is chance.",
        reason=(
            "Regularity of purchases {value} (0 is a clock, typical {typical})",
            "购买规律性 {value}(0 为完全规律,一般为 {typical})",
        ),
    ),
    _rhythm(
        "recency_over_gap_mean",
        "recency_days / nullif(gap_mean_days, 0)",
        view=None,
        unit="ratio",
        when_null=_ONE_PURCHASE,
        risk="rises",
        meaning="Days since the last purchase over the customer's mean gap.",
        reason=(
            "Silent for {value} times their usual gap (typical {typical})",
            "沉默时长为自身平均间隔的 {value} 倍(一般为 {typical} 倍)",
        ),
    ),
    _rhythm(
        "recency_over_gap_max",
        "recency_days / nullif(gap_max_days, 0)",
        view=None,
        unit="ratio",
        when_null=_ONE_PURCHASE,
        risk="rises",
        meaning="Days since the last purchase over the customer's longest gap.",
        reason=(
            "Silent for {value} times their longest gap (typical {typical})",
            "沉默时长为自身最长间隔的 {value} 倍(一般为 {typical} 倍)",
        ),
    ),
)
