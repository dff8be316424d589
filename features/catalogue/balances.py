"""Balances: levels that are measured now and then, against the customer's own past.

A customer may be measured under several names. The main one is measured most often.
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_balances = family("balances", table="balances", view="balances_seen", cause="disengagement")

_NONE = ("No balance measured in the lookback", "回溯期内无余额记录")
_NO_LEVEL = ("No main balance above zero to compare with", "无高于零的主要余额可供比较")

_LEVEL = "CAST(max(value) FILTER (is_main AND is_latest) AS DOUBLE)"
_MEAN = "CAST(sum(value) FILTER (is_main) AS DOUBLE) / count(*) FILTER (is_main)"
_MEAN_ABOVE_ZERO = f"CASE WHEN sum(value) FILTER (is_main) > 0 THEN {_MEAN} END"

_RISE = "(value - first_value)"
_SLOPE = (
    f"(CAST(count(*) FILTER (is_main) AS DOUBLE)"
    f" * CAST(sum({_RISE} * age_day) FILTER (is_main) AS DOUBLE)"
    f" - CAST(sum(age_day) FILTER (is_main) AS DOUBLE)"
    f" * CAST(sum({_RISE}) FILTER (is_main) AS DOUBLE))"
    " / nullif(CAST(count(*) FILTER (is_main) * sum(age_day * age_day) FILTER (is_main)"
    " - sum(age_day) FILTER (is_main) * sum(age_day) FILTER (is_main) AS DOUBLE), 0)"
)
"""Slope by least squares of the main balance over its age; it falls with age where the level rises.

Every sum is exact, so that the order of rows cannot matter. Levels are counted from the first one,
which changes no slope: a level that never moved then has a slope of exactly 0.
"""

_DROP = "CASE WHEN peak > 0 THEN 1 - CAST(value AS DOUBLE) / CAST(peak AS DOUBLE) END"

FEATURES: tuple[Feature, ...] = (
    _balances(
        "balance_level",
        _LEVEL,
        unit="level",
        low=None,
        when_null=_NONE,
        risk="falls",
        meaning="Latest level of the main balance, the one measured most often.",
        reason=(
            "The main balance stands at {value}",
            "主要余额当前为 {value}",
        ),
    ),
    _balances(
        "balance_over_mean",
        f"{_LEVEL} / ({_MEAN_ABOVE_ZERO})",
        unit="ratio",
        low=None,
        when_null=_NO_LEVEL,
        risk="falls",
        meaning="Latest level of the main balance over its own mean.",
        reason=(
            "The main balance stands at {value} times its usual level",
            "主要余额为自身平均水平的 {value} 倍",
        ),
    ),
    _balances(
        "balance_slope_30d",
        f"-30 * ({_SLOPE}) / ({_MEAN_ABOVE_ZERO})",
        unit="share per month",
        low=None,
        when_null=(
            "Main balance measured on one day only, or not above zero",
            "主要余额仅有一天记录,或不高于零",
        ),
        risk="falls",
        meaning=(
            "Slope of a line by least squares through the main balance: change in 30 days over"
            " its mean."
        ),
        reason=(
            "The main balance changes by {value} of its mean in a month",
            "主要余额每月变化为平均水平的 {value}",
        ),
    ),
    _balances(
        "balance_drop_from_peak",
        f"max({_DROP}) FILTER (is_main AND is_latest)",
        unit="share",
        when_null=_NO_LEVEL,
        risk="rises",
        meaning="How far the main balance lies below its peak, over the peak; 1 is nothing left.",
        reason=(
            "The main balance has fallen by {value} of its peak",
            "主要余额较峰值下降 {value}",
        ),
    ),
    _balances(
        "balance_drop_worst",
        f"max({_DROP}) FILTER (is_latest)",
        unit="share",
        when_null=("No balance above zero in the lookback", "回溯期内无高于零的余额"),
        risk="rises",
        meaning="Greatest fall from its peak among all balances; 1 is nothing left.",
        reason=(
            "One balance has fallen by {value} of its peak",
            "降幅最大的余额较峰值下降 {value}",
        ),
    ),
    _balances(
        "balance_change_since_first",
        "max(CASE WHEN first_value > 0 THEN CAST(value AS DOUBLE) / CAST(first_value AS DOUBLE)"
        " - 1 END) FILTER (is_main AND is_latest)",
        unit="share",
        low=None,
        when_null=(
            "Main balance did not start above zero in the lookback",
            "回溯期内主要余额起点不高于零",
        ),
        risk="falls",
        meaning="Change of the main balance since its first measurement, over that one.",
        reason=(
            "The main balance changed by {value} since it was first measured",
            "主要余额自期内首次记录以来变化 {value}",
        ),
    ),
    _balances(
        "balances_measured",
        "count(*) FILTER (is_latest)",
        unit="balances",
        when_no_rows="0",
        risk="falls",
        meaning="Different balances that were measured within the lookback.",
        reason=(
            "Balances in use: {value}",
            "使用中的余额项目有 {value} 项",
        ),
    ),
    _balances(
        "balance_recency_days",
        "min(age_days)",
        unit="days",
        when_null=_NONE,
        risk="rises",
        meaning="Days since any balance was last measured.",
        reason=(
            "A balance was last measured {value} day{s} ago",
            "距上次余额记录 {value} 天",
        ),
    ),
)
