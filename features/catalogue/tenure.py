"""Tenure: for how long somebody has been a customer."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_tenure = family("tenure", table="customers", view="customers_seen", cause="poor_start")

_UNKNOWN = ("Date of sign-up unknown", "注册日期未知")

FEATURES: tuple[Feature, ...] = (
    _tenure(
        "tenure_days",
        "max(tenure_days)",
        columns=("signed_up_at",),
        unit="days",
        when_null=_UNKNOWN,
        risk="falls",
        meaning="Days since sign-up.",
        reason=(
            "Customer for {value} day{s}",
            "成为客户已 {value} 天",
        ),
    ),
    _tenure(
        "is_new",
        "CASE WHEN tenure_days < 90 THEN 1 WHEN tenure_days >= 90 THEN 0 END",
        view=None,
        columns=("signed_up_at",),
        unit="flag",
        high=1,
        when_null=_UNKNOWN,
        risk="rises",
        meaning="1 for the first 90 days since sign-up, then 0.",
        reason=(
            "Signed up within the last 90 days: {value}",
            "近 90 天内注册:{value}",
        ),
    ),
    _tenure(
        "purchase_days_per_month",
        "CASE WHEN tenure_days >= 0 THEN CAST(30 * purchase_days_365d AS DOUBLE)"
        " / greatest(least(tenure_days, 365), 30) END",
        view=None,
        columns=("signed_up_at",),
        unit="days per month",
        when_null=_UNKNOWN,
        risk="falls",
        cause="disengagement",
        meaning=(
            "Purchase days of the last 365 days for each 30 days since sign-up, counting at"
            " least 30 days and at most 365."
        ),
        reason=(
            "Buys on {value} day{s} a month since signing up",
            "注册以来平均每月有 {value} 天购买",
        ),
    ),
)
