"""Returns: what was bought and sent back."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_returns = family("returns", table="transactions", view="returns_seen", cause="product_mismatch")

FEATURES: tuple[Feature, ...] = (
    _returns(
        "return_days_90d",
        "count(*) FILTER (age_day < 90)",
        view="return_days",
        unit="days",
        high=90,
        when_no_rows="0",
        meaning="Days with a return in the last 90 days.",
        reason=(
            "{value} return day{s} in the last 90 days",
            "近 90 天有 {value} 天退货",
        ),
    ),
    _returns(
        "return_days_365d",
        "count(*) FILTER (age_day < 365)",
        view="return_days",
        unit="days",
        high=365,
        when_no_rows="0",
        meaning="Days with a return in the last 365 days.",
        reason=(
            "{value} return day{s} in the last 365 days",
            "近 365 天有 {value} 天退货",
        ),
    ),
    _returns(
        "returned_365d",
        "-sum(amount) FILTER (age_day < 365)",
        unit="currency",
        when_no_rows="0",
        meaning="Value returned in the last 365 days.",
        reason=(
            "Returned {value} in the last 365 days",
            "近 365 天退货金额 {value}",
        ),
    ),
    _returns(
        "return_share_365d",
        "CAST(returned_365d AS DOUBLE) / nullif(CAST(spend_365d AS DOUBLE), 0)",
        view=None,
        unit="share",
        when_null=("Spent nothing in the last 365 days", "近 365 天消费为零"),
        meaning="Value returned over value bought, last 365 days.",
        reason=(
            "Returned {value} of what was bought",
            "退货占消费的 {value}",
        ),
    ),
    _returns(
        "return_recency_days",
        "min(age_days)",
        unit="days",
        when_null=("No return in the lookback", "回溯期内无退货"),
        meaning="Days since the last return.",
        reason=(
            "Last return {value} day{s} ago",
            "距上次退货 {value} 天",
        ),
    ),
    _returns(
        "return_rate_365d",
        "CAST(return_days_365d AS DOUBLE) / nullif(purchase_days_365d, 0)",
        view=None,
        unit="ratio",
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        meaning="Days with a return over days with a purchase, last 365 days.",
        reason=(
            "{value} return day{s} for each purchase day",
            "每个购买日对应 {value} 个退货日",
        ),
    ),
    _returns(
        "returned_last",
        "CASE WHEN return_recency_days < recency_days THEN 1 ELSE 0 END",
        view=None,
        unit="flag",
        high=1,
        meaning="1 if there was a return since the last purchase, 0 if not.",
        reason=(
            "Sent something back since the last purchase: {value}",
            "最近一次购买后有退货:{value}",
        ),
    ),
)
