"""Payments: sums that are late or were never paid, as known then."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_payments = family("payments", table="payments", view="payments_seen", cause="payment_failure")

_NONE_PAID = ("No payment made in the last 365 days", "近 365 天无付款")


def _delay(days: str) -> str:
    """Return the mean days from due to paid, over what was due on the days of a condition."""
    return (
        f"CAST(sum(delay_us) FILTER ({days}) AS DOUBLE)"
        f" / nullif(count(delay_us) FILTER ({days}), 0) / 86400000000"
    )


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
            "Payments overdue: {value}",
            "有 {value} 笔款项逾期未付",
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
            "A payment is {value} day{s} overdue",
            "有款项已逾期 {value} 天",
        ),
    ),
    _payments(
        "payment_delay_days",
        _delay("age_day < 365"),
        columns=("paid_at",),
        unit="days",
        low=None,
        when_null=_NONE_PAID,
        risk="rises",
        meaning="Mean days from due to paid, last 365 days.",
        reason=(
            "Pays {value} day{s} after the due date",
            "平均在到期后 {value} 天付款",
        ),
    ),
    _payments(
        "payment_delay_max_days",
        "CAST(max(delay_us) FILTER (age_day < 365) AS DOUBLE) / 86400000000",
        columns=("paid_at",),
        unit="days",
        low=None,
        when_null=_NONE_PAID,
        risk="rises",
        meaning="Longest time from due to paid, last 365 days.",
        reason=(
            "The latest payment came {value} day{s} after the due date",
            "最长一次付款在到期后 {value} 天",
        ),
    ),
    _payments(
        "payment_delay_change_90d",
        f"{_delay('age_day < 90')} - {_delay('age_day BETWEEN 90 AND 364')}",
        columns=("paid_at",),
        unit="days",
        low=None,
        when_null=(
            "No payment made in the last 90 days, or in the year before them",
            "近 90 天或此前一年内无付款",
        ),
        risk="rises",
        meaning="Mean days from due to paid in the last 90 days, less those of the 275 before.",
        reason=(
            "Pays {value} day{s} later than before",
            "付款较以往推迟 {value} 天",
        ),
    ),
    _payments(
        "payments_late_share_365d",
        "CAST(count(*) FILTER (delay_us > 0 AND age_day < 365) AS DOUBLE)"
        " / nullif(count(delay_us) FILTER (age_day < 365), 0)",
        columns=("paid_at",),
        unit="share",
        high=1.0,
        when_null=_NONE_PAID,
        risk="rises",
        meaning="Share of the payments made that came after the due date, last 365 days.",
        reason=(
            "{value} of the payments came late",
            "{value} 的付款晚于到期日",
        ),
    ),
    _payments(
        "payments_paid_share_365d",
        "CAST(count(paid_at) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(*) FILTER (age_day < 365), 0)",
        columns=("paid_at",),
        unit="share",
        high=1.0,
        when_null=("Nothing fell due in the last 365 days", "近 365 天无到期款项"),
        risk="falls",
        meaning="Share of what fell due in the last 365 days that has been paid.",
        reason=(
            "{value} of what fell due has been paid",
            "到期款项中已付 {value}",
        ),
    ),
    _payments(
        "payments_overdue_amount",
        "sum(amount) FILTER (paid_at IS NULL)",
        columns=("amount", "paid_at"),
        unit="currency",
        low=None,
        when_no_rows="0",
        risk="rises",
        meaning="Sum of what is due and not paid.",
        reason=(
            "{value} is overdue",
            "逾期未付金额 {value}",
        ),
    ),
)
