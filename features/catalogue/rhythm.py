"""Rhythm: silence measured against the customer's own gaps between purchase days.

References
----------
Clumpiness is the entropy measure of Y. Zhang, E. T. Bradlow and D. S. Small, "Predicting customer
value using clumpiness: from RFM to RFMC", Marketing Science 34 (2015) 195-208: with the stretches
between n purchase days of a window, its edges included, as shares x_1 .. x_(n+1) of the window,
it is 1 + sum(x_i ln x_i) / ln(n + 1).
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_rhythm = family("rhythm", table="transactions", view="purchase_days", cause="disengagement")

_STRETCHES = (
    "coalesce(sum(CAST(gap_days * ln(gap_days) AS DECIMAL(18, 12)))"
    " FILTER (age_day + gap_days < 365), 0)"
    " + CAST((min(age_day) FILTER (age_day < 365) + 1)"
    " * ln(min(age_day) FILTER (age_day < 365) + 1) AS DECIMAL(18, 12))"
    " + CAST((365 - max(age_day) FILTER (age_day < 365))"
    " * ln(365 - max(age_day) FILTER (age_day < 365)) AS DECIMAL(18, 12))"
)
"""Sum of d ln d over the stretches of 366 days between the purchase days of 365 and their edges.

With x = d / 366, the sum of x ln x is this over 366, less ln 366.
"""

_ONE_PURCHASE = ("Only one purchase day so far", "目前仅有一个购买日")
_TWO_PURCHASES = ("Fewer than three purchase days so far", "购买日少于三个")

FEATURES: tuple[Feature, ...] = (
    _rhythm(
        "gap_mean_days",
        "CAST(sum(gap_days) AS DOUBLE) / nullif(count(gap_days), 0)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Mean days between purchase days.",
        reason=(
            "Usually buys every {value} day{s}",
            "平均每 {value} 天购买一次",
        ),
    ),
    _rhythm(
        "gap_max_days",
        "max(gap_days)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Longest gap between purchase days.",
        reason=(
            "Longest earlier gap was {value} day{s}",
            "此前最长间隔为 {value} 天",
        ),
    ),
    _rhythm(
        "gap_last_days",
        "arg_min(gap_days, age_day)",
        unit="days",
        when_null=_ONE_PURCHASE,
        meaning="Days between the last two purchase days.",
        reason=(
            "The last two purchases were {value} day{s} apart",
            "最近两次购买相隔 {value} 天",
        ),
    ),
    _rhythm(
        "gap_variation",
        "CASE WHEN count(gap_days) >= 2 THEN sqrt(greatest(CAST(count(gap_days)"
        " * sum(gap_days * gap_days) - sum(gap_days) * sum(gap_days) AS DOUBLE), 0))"
        " / CAST(sum(gap_days) AS DOUBLE) END",
        unit="ratio",
        when_null=_TWO_PURCHASES,
        meaning="Coefficient of variation of the gaps: 0 is a clock, 1 is chance.",
        reason=(
            "Regularity of purchases {value} (0 is a clock)",
            "购买规律性 {value}(0 为完全规律)",
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
            "Silent for {value} times their usual gap",
            "沉默时长为自身平均间隔的 {value} 倍",
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
            "Silent for {value} times their longest gap",
            "沉默时长为自身最长间隔的 {value} 倍",
        ),
    ),
    _rhythm(
        "gap_trend_180d",
        "CAST(sum(gap_days) FILTER (age_day < 180) AS DOUBLE)"
        " / nullif(count(gap_days) FILTER (age_day < 180), 0)"
        " / (CAST(sum(gap_days) AS DOUBLE) / nullif(count(gap_days), 0))",
        unit="ratio",
        when_null=(
            "No second purchase day within the last 180 days",
            "近 180 天内无再次购买",
        ),
        risk="rises",
        meaning="Mean of the gaps that ended in the last 180 days over the mean of all gaps.",
        reason=(
            "Gaps have lately been {value} times as long as usual",
            "近期购买间隔为平时的 {value} 倍",
        ),
    ),
    _rhythm(
        "recency_over_usual_gap",
        "recency_days / nullif(gap_mean_days * (1 + gap_variation), 0)",
        view=None,
        unit="ratio",
        when_null=_TWO_PURCHASES,
        risk="rises",
        meaning=(
            "Days since the last purchase over the customer's mean gap plus one standard"
            " deviation; beyond 1 the silence is unusual for them."
        ),
        reason=(
            "Silent for {value} times what is still usual for them",
            "沉默时长为自身正常间隔上限的 {value} 倍",
        ),
    ),
    _rhythm(
        "outlasted_gaps_share",
        "CAST(count(*) FILTER (gap_days <= silence_days) AS DOUBLE) / nullif(count(gap_days), 0)",
        unit="share",
        high=1.0,
        when_null=_ONE_PURCHASE,
        risk="rises",
        meaning="Share of the customer's gaps that were no longer than the present silence.",
        reason=(
            "Silent for longer than {value} of their earlier gaps",
            "当前沉默已超过以往 {value} 的购买间隔",
        ),
    ),
    _rhythm(
        "clumpiness_365d",
        f"greatest(least(1 + (CAST({_STRETCHES} AS DOUBLE) / 366 - ln(366))"
        " / ln(count(*) FILTER (age_day < 365) + 1), 1), 0)",
        unit="share",
        high=1.0,
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        meaning=(
            "How far the year's purchase days come in bursts, by entropy (Zhang, Bradlow and"
            " Small 2015): 0 is evenly spread, 1 is all at one edge of the year."
        ),
        reason=(
            "Purchases come in bursts: {value} (0% is evenly spread)",
            "购买集中程度 {value}(0% 为均匀分布)",
        ),
    ),
)
