"""Activity decline: less than before, in purchases and in other signs of life."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_decline = family("activity_decline", table="transactions", cause="disengagement")
_activity = family(
    "activity_decline", table="activity", view="activity_days", cause="disengagement"
)

_MONTH_WEIGHT = "(11 - 2 * (age_day // 30))"
"""Twice the distance of a period of 30 days from the middle of twelve, the latest counting 11.

The slope by least squares through twelve points is the sum of value times distance over 143.
"""

_NO_ACTIVITY = ("No activity on record in the lookback", "回溯期内无活动记录")


def _decayed_purchases(days: int) -> Feature:
    return _decline(
        f"decayed_purchases_{days}d",
        f"sum(CAST(exp(-last_age_days / {days}) AS DECIMAL(18, 12)))",
        view="purchase_days",
        when_no_rows="0",
        unit="purchases",
        risk="falls",
        meaning=f"Purchase days, each weighing exp(-age / {days} days).",
        reason=(
            f"Purchases, counting less the older they are (over {days} days): {{value}}",
            f"近期购买次数(越早权重越低,按 {days} 天衰减){{value}}",
        ),
    )


def _activity_count(days: int) -> Feature:
    return _activity(
        f"activity_{days}d",
        f"sum(events) FILTER (age_day < {days})",
        unit="events",
        when_no_rows="0",
        risk="falls",
        meaning=f"Activity events in the last {days} days.",
        reason=(
            f"Activities in the last {days} days: {{value}}",
            f"近 {days} 天有 {{value}} 次活动",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _decline(
        "purchase_days_change_90d",
        "2 * purchase_days_90d - purchase_days_180d",
        unit="days",
        low=-90,
        high=90,
        risk="falls",
        meaning="Purchase days of the last 90 days less those of the 90 before.",
        reason=(
            "Purchase days changed by {value} against the quarter before",
            "购买天数较上一季度变化 {value} 天",
        ),
    ),
    _decline(
        "spend_share_90d",
        "CAST(spend_90d AS DOUBLE) / nullif(CAST(spend_365d AS DOUBLE), 0)",
        unit="share",
        high=1.0,
        when_null=("Spent nothing in the last 365 days", "近 365 天消费为零"),
        risk="falls",
        meaning="Spend of the last 90 days over that of 365 days.",
        reason=(
            "The last 90 days hold {value} of the year's spend",
            "近 90 天消费占全年 {value}",
        ),
    ),
    _decline(
        "spend_change_90d",
        "CAST(2 * spend_90d - spend_180d AS DOUBLE) / nullif(CAST(spend_180d AS DOUBLE), 0)",
        unit="ratio",
        low=-1.0,
        high=1.0,
        when_null=("Spent nothing in the last 180 days", "近 180 天消费为零"),
        risk="falls",
        meaning=(
            "Spend of the last 90 days less that of the 90 before, over both: -1 is a full stop,"
            " 0 is steady, 1 is a new start."
        ),
        reason=(
            "Spend against the quarter before: {value} (-1 is none left, 0 is steady)",
            "消费较上一季度的变化 {value}(-1 为完全停止,0 为持平)",
        ),
    ),
    _decline(
        "purchase_days_slope_360d",
        f"CAST(sum({_MONTH_WEIGHT}) FILTER (age_day < 360) AS DOUBLE) / 286",
        view="purchase_days",
        unit="days per month",
        low=-4.0,
        high=4.0,
        when_no_rows="0",
        risk="falls",
        meaning=(
            "Slope of a line by least squares through the purchase days of the last twelve"
            " periods of 30 days: days more in each period than in the one before."
        ),
        reason=(
            "Purchase days change by {value} from month to month",
            "每月购买天数的变化趋势为 {value} 天",
        ),
    ),
    _decline(
        "spend_slope_360d",
        f"CAST(sum({_MONTH_WEIGHT} * amount) FILTER (age_day < 360) AS DOUBLE) * 12 / 286"
        " / nullif(CAST(sum(amount) FILTER (age_day < 360) AS DOUBLE), 0)",
        view="purchase_days",
        unit="share per month",
        low=-0.5,
        high=0.5,
        when_null=("Spent nothing in the last 360 days", "近 360 天消费为零"),
        risk="falls",
        meaning=(
            "Slope of a line by least squares through the spend of the last twelve periods of 30"
            " days, over their mean."
        ),
        reason=(
            "Spend changes by {value} of its mean from month to month",
            "每月消费的变化趋势为月均的 {value}",
        ),
    ),
    _decayed_purchases(30),
    _decayed_purchases(120),
    _decline(
        "decayed_purchases_ratio",
        "coalesce(4 * CAST(decayed_purchases_30d AS DOUBLE)"
        " / nullif(CAST(decayed_purchases_120d AS DOUBLE), 0), 0)",
        unit="ratio",
        high=4.0,
        risk="falls",
        meaning=(
            "Rate of purchases that fades over 30 days over the rate that fades over 120 days;"
            " a steady customer has 1."
        ),
        reason=(
            "Recent purchases run at {value} times the longer-term rate",
            "近期购买频率为长期水平的 {value} 倍",
        ),
    ),
    _decline(
        "decayed_spend_60d",
        "sum(CAST(CAST(amount AS DOUBLE) * exp(-last_age_days / 60) AS DECIMAL(28, 4)))",
        view="purchase_days",
        when_no_rows="0",
        unit="currency",
        risk="falls",
        meaning="Spend, each purchase day weighing exp(-age / 60 days).",
        reason=(
            "Spend, counting less the older it is: {value}",
            "近期消费(越早权重越低){value}",
        ),
    ),
    _activity_count(30),
    _activity_count(90),
    _activity(
        "activity_days_90d",
        "count(*) FILTER (age_day < 90)",
        unit="days",
        high=90,
        when_no_rows="0",
        risk="falls",
        meaning="Days with activity in the last 90 days.",
        reason=(
            "Active on {value} of the last 90 days",
            "近 90 天有 {value} 天活跃",
        ),
    ),
    _activity(
        "activity_change_90d",
        "CAST(2 * coalesce(sum(events) FILTER (age_day < 90), 0)"
        " - sum(events) FILTER (age_day < 180) AS DOUBLE)"
        " / CAST(sum(events) FILTER (age_day < 180) AS DOUBLE)",
        unit="ratio",
        low=-1.0,
        high=1.0,
        when_null=("No activity in the last 180 days", "近 180 天无活动"),
        risk="falls",
        meaning=(
            "Activity of the last 90 days less that of the 90 before, over both: -1 is a full"
            " stop, 0 is steady, 1 is a new start."
        ),
        reason=(
            "Activity against the quarter before: {value} (-1 is none left, 0 is steady)",
            "活动较上一季度的变化 {value}(-1 为完全停止,0 为持平)",
        ),
    ),
    _activity(
        "activity_recency_days",
        "min(last_age_days)",
        unit="days",
        when_null=_NO_ACTIVITY,
        risk="rises",
        meaning="Days since the last activity.",
        reason=(
            "Last activity {value} day{s} ago",
            "距上次活动已 {value} 天",
        ),
    ),
    _activity(
        "activity_share_30d",
        "CAST(activity_30d AS DOUBLE) / nullif(activity_90d, 0)",
        view=None,
        unit="share",
        high=1.0,
        when_null=("No activity in the last 90 days", "近 90 天无活动"),
        risk="falls",
        meaning="Activity of the last 30 days over that of 90 days; a steady customer has a third.",
        reason=(
            "The last 30 days hold {value} of the quarter's activity",
            "近 30 天活动占本季度 {value}",
        ),
    ),
    _activity(
        "activity_recency_over_gap_mean",
        "min(last_age_days) / nullif(CAST(sum(gap_days) AS DOUBLE) / count(gap_days), 0)",
        unit="ratio",
        when_null=("Active on fewer than two days so far", "活跃日少于两天"),
        risk="rises",
        meaning="Days since the last activity over the customer's mean gap between active days.",
        reason=(
            "Inactive for {value} times their usual gap",
            "未活动时长为自身平均间隔的 {value} 倍",
        ),
    ),
    _activity(
        "activity_kinds_lost_90d",
        "count(*) FILTER (next_age_day IS NULL AND age_day >= 90)",
        view="activity_kinds",
        columns=("kind",),
        unit="kinds",
        when_no_rows="0",
        risk="rises",
        meaning="Kinds of activity that were seen in the lookback, but not in the last 90 days.",
        reason=(
            "{value} kind{s} of activity stopped more than 90 days ago",
            "有 {value} 类活动已停止超过 90 天",
        ),
    ),
    _activity(
        "activity_value_share_90d",
        "coalesce(CAST(sum(value) FILTER (value > 0 AND age_day < 90) AS DOUBLE), 0)"
        " / CAST(sum(value) FILTER (value > 0 AND age_day < 365) AS DOUBLE)",
        columns=("value",),
        unit="share",
        high=1.0,
        when_null=("No size of activity on record in the last 365 days", "近 365 天无活动量记录"),
        risk="falls",
        meaning="Size of activity (minutes, pages) of the last 90 days over that of 365 days.",
        reason=(
            "The last 90 days hold {value} of the year's usage",
            "近 90 天使用量占全年 {value}",
        ),
    ),
)
