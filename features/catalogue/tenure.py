"""Tenure: for how long somebody has been a customer."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_tenure = family("tenure", table="customers", view="customers_seen", cause="poor_start")

FEATURES: tuple[Feature, ...] = (
    _tenure(
        "tenure_days",
        "max(tenure_days)",
        columns=("signed_up_at",),
        unit="days",
        when_null=("Date of sign-up unknown", "注册日期未知"),
        risk="falls",
        meaning="Days since sign-up.",
        reason=(
            "Customer for {value} days (typical {typical})",
            "成为客户已 {value} 天(一般为 {typical} 天)",
        ),
    ),
)
