"""Complaints: how many, how grave, and how they were dealt with, as known then."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_complaints = family(
    "complaints", table="complaints", view="complaints_seen", cause="service_failure"
)

_NO_GRADE = ("No graded complaint in the last 365 days", "近 365 天无分级投诉")
_NONE_RESOLVED = ("No complaint resolved so far", "尚无已解决投诉")
_NO_COMPLAINT = ("No complaint in the lookback", "回溯期内无投诉")


def _complaint_count(days: int) -> Feature:
    return _complaints(
        f"complaints_{days}d",
        f"count(*) FILTER (age_day < {days})",
        unit="complaints",
        when_no_rows="0",
        risk="rises",
        meaning=f"Complaints opened in the last {days} days.",
        reason=(
            f"{{value}} complaint{{s}} in the last {days} days",
            f"近 {days} 天有 {{value}} 次投诉",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _complaint_count(30),
    _complaint_count(90),
    _complaint_count(365),
    _complaints(
        "complaints_open",
        "count(*) FILTER (resolved_at IS NULL)",
        columns=("resolved_at",),
        unit="complaints",
        when_no_rows="0",
        risk="rises",
        meaning="Complaints that are still open.",
        reason=(
            "Complaints still open: {value}",
            "有 {value} 个投诉尚未解决",
        ),
    ),
    _complaints(
        "complaint_open_days",
        "max(age_days) FILTER (resolved_at IS NULL)",
        columns=("resolved_at",),
        unit="days",
        when_null=("No open complaint", "无未解决投诉"),
        risk="rises",
        meaning="Age of the oldest open complaint.",
        reason=(
            "A complaint has been open for {value} day{s}",
            "有投诉已 {value} 天未解决",
        ),
    ),
    _complaints(
        "complaint_recency_days",
        "min(age_days)",
        unit="days",
        when_null=_NO_COMPLAINT,
        meaning="Days since the last complaint.",
        reason=(
            "Last complaint {value} day{s} ago",
            "距上次投诉 {value} 天",
        ),
    ),
    _complaints(
        "complaint_severity_max_365d",
        "max(severity) FILTER (age_day < 365)",
        columns=("severity",),
        unit="grade",
        low=1.0,
        high=5.0,
        when_null=_NO_GRADE,
        risk="rises",
        meaning="Gravest complaint of the last 365 days, 1 to 5.",
        reason=(
            "Gravest complaint of the year: {value} of 5",
            "近一年最严重投诉等级 {value}/5",
        ),
    ),
    _complaints(
        "complaint_resolution_days",
        "CAST(sum(resolution_us) AS DOUBLE) / nullif(count(resolution_us), 0) / 86400000000",
        columns=("resolved_at",),
        unit="days",
        when_null=_NONE_RESOLVED,
        risk="rises",
        meaning="Mean days from opening to resolution, over complaints resolved by then.",
        reason=(
            "Complaints took {value} day{s} to resolve",
            "投诉平均 {value} 天解决",
        ),
    ),
    _complaints(
        "complaints_reopened_365d",
        "count(*) FILTER (reopened AND age_day < 365)",
        columns=("reopened", "resolved_at"),
        unit="complaints",
        when_no_rows="0",
        risk="rises",
        meaning="Complaints of the last 365 days that had to be opened again.",
        reason=(
            "{value} complaint{s} had to be reopened",
            "有 {value} 个投诉被重新打开",
        ),
    ),
    _complaints(
        "complaint_severity_mean_365d",
        "CAST(sum(CAST(severity AS DECIMAL(9, 4))) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(severity) FILTER (age_day < 365), 0)",
        columns=("severity",),
        unit="grade",
        low=1.0,
        high=5.0,
        when_null=_NO_GRADE,
        risk="rises",
        meaning="Mean grade of the complaints of the last 365 days, 1 to 5.",
        reason=(
            "Complaints of the year had a mean severity of {value} of 5",
            "近一年投诉平均严重等级 {value}/5",
        ),
    ),
    _complaints(
        "complaints_resolved_48h_share",
        "CAST(count(*) FILTER (resolution_us <= 172800000000) AS DOUBLE)"
        " / nullif(count(resolution_us), 0)",
        columns=("resolved_at",),
        unit="share",
        high=1.0,
        when_null=_NONE_RESOLVED,
        risk="falls",
        meaning="Share of the complaints resolved by then that took at most 48 hours.",
        reason=(
            "{value} of the complaints were resolved within 48 hours",
            "{value} 的投诉在 48 小时内解决",
        ),
    ),
    _complaints(
        "complaint_resolution_max_days",
        "CAST(max(resolution_us) AS DOUBLE) / 86400000000",
        columns=("resolved_at",),
        unit="days",
        when_null=_NONE_RESOLVED,
        risk="rises",
        meaning="Longest time from opening to resolution, over complaints resolved by then.",
        reason=(
            "The slowest complaint took {value} day{s} to resolve",
            "处理最慢的投诉用了 {value} 天",
        ),
    ),
    _complaints(
        "complaint_resolution_recency_days",
        "min(resolved_age_days)",
        columns=("resolved_at",),
        unit="days",
        when_null=_NONE_RESOLVED,
        meaning="Days since a complaint was last resolved.",
        reason=(
            "A complaint was last resolved {value} day{s} ago",
            "距上次投诉解决 {value} 天",
        ),
    ),
    _complaints(
        "complaints_change_90d",
        "count(*) FILTER (age_day < 90) - count(*) FILTER (age_day BETWEEN 90 AND 179)",
        unit="complaints",
        low=None,
        when_no_rows="0",
        risk="rises",
        meaning="Complaints of the last 90 days less those of the 90 before.",
        reason=(
            "Complaints changed by {value} against the quarter before",
            "投诉较上一季度变化 {value} 次",
        ),
    ),
    _complaints(
        "complaints_per_purchase_day_365d",
        "CAST(complaints_365d AS DOUBLE) / nullif(purchase_days_365d, 0)",
        view=None,
        unit="ratio",
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        risk="rises",
        meaning="Complaints over days with a purchase, last 365 days.",
        reason=(
            "{value} complaint{s} for each purchase day",
            "每个购买日对应 {value} 次投诉",
        ),
    ),
)
