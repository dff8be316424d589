"""Activity decline: less than before, in purchases and in other signs of life."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_decline = family("activity_decline", table="transactions", cause="disengagement")
_activity = family(
    "activity_decline", table="activity", view="activity_days", cause="disengagement"
)

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
            f"Purchases, counting less the older they are (over {days} days): {{value}}"
            " (typical {typical})",
            f"近期购买次数(越早权重越低,按 {days} 天衰减){{value}}(一般为 {{typical}})",
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
            f"{{value}} activities in the last {days} days (typical {{typical}})",
            f"近 {days} 天有 {{value}} 次活动(一般为 {{typical}} 次)",
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
            "Purchase days changed by {value} against the quarter before (typical {typical})",
            "购买天数较上一季度变化 {value} 天(一般为 {typical})",
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
            "The last 90 days hold {value} of the year's spend (typical {typical})",
            "近 90 天消费占全年 {value}(一般为 {typical})",
        ),
    ),
    _decayed_purchases(30),
    _decayed_purchases(120),
    _activity_count(30),
    _activity_count(90),
    _activity(
        "activity_recency_days",
        "min(last_age_days)",
        unit="days",
        when_null=_NO_ACTIVITY,
        risk="rises",
        meaning="Days since the last activity.",
        reason=(
            "Last activity {value} days ago (typical {typical})",
            "距上次活动已 {value} 天(一般为 {typical} 天)",
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
            "The last 30 days hold {value} of the quarter's activity (typical {typical})",
            "近 30 天活动占本季度 {value}(一般为 {typical})",
        ),
    ),
)
