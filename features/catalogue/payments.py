"""Payments: sums that are late or were never paid, as known then."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_payments = family("payments", table="payments", view="payments_seen", cause="payment_failure")

FEATURES: tuple[Feature, ...] = (
    _payments(
        "payments_overdue",
        "count(*) FILTER (paid_at IS NULL)",
        columns=("paid_at",),
        unit="payments",
        when_no_rows="0",
        risk="rises",
        meaning="Payments that are due and not paid.",
        reason=(
            "{value} payments are overdue (typical {typical})",
            "有 {value} 笔款项逾期未付(一般为 {typical} 笔)",
        ),
    ),
    _payments(
        "payment_overdue_days",
        "max(age_days) FILTER (paid_at IS NULL)",
        columns=("paid_at",),
        unit="days",
        when_null=("No overdue payment", "无逾期款项"),
        risk="rises",
        meaning="Age of the oldest unpaid payment.",
        reason=(
            "A payment is {value} days overdue (typical {typical})",
            "有款项已逾期 {value} 天(一般为 {typical} 天)",
        ),
    ),
    _payments(
        "payment_delay_days",
        "CAST(sum(delay_us) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(delay_us) FILTER (age_day < 365), 0) / 86400000000",
        columns=("paid_at",),
        unit="days",
        low=None,
        when_null=("No payment made in the last 365 days", "近 365 天无付款"),
        risk="rises",
        meaning="Mean days from due to paid, last 365 days.",
        reason=(
            "Pays {value} days after the due date (typical {typical})",
            "平均在到期后 {value} 天付款(一般为 {typical} 天)",
        ),
    ),
)
