"""Subscriptions: contracts that run, what they cost, and how earlier ones ended.

A contract whose end lies in the future runs: that it will end is not known yet.
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_subscriptions = family(
    "subscriptions", table="subscriptions", view="subscriptions_seen", cause="rival_or_unknown"
)

_RUNS = "ended_age_days IS NULL"
_NONE_RUNS = ("No contract is running", "当前无有效合约")

FEATURES: tuple[Feature, ...] = (
    _subscriptions(
        "contracts_running",
        f"count(*) FILTER ({_RUNS})",
        columns=("ended_at",),
        unit="contracts",
        when_no_rows="0",
        risk="falls",
        meaning="Contracts that run.",
        reason=(
            "Contracts running: {value}",
            "当前有 {value} 份有效合约",
        ),
    ),
    _subscriptions(
        "contract_age_days",
        f"min(age_days) FILTER ({_RUNS})",
        columns=("ended_at",),
        unit="days",
        when_null=_NONE_RUNS,
        risk="falls",
        meaning="Days since the newest running contract began.",
        reason=(
            "The present contract began {value} day{s} ago",
            "当前合约已开始 {value} 天",
        ),
    ),
    _subscriptions(
        "contract_renewal_days",
        "min(period_days - (age_days - floor(age_days / period_days) * period_days))"
        f" FILTER ({_RUNS})",
        columns=("ended_at", "period_days"),
        unit="days",
        when_null=("No contract with a period is running", "当前无带周期的有效合约"),
        meaning="Days until the next period of a running contract begins, by its length.",
        reason=(
            "The next renewal is due in {value} day{s}",
            "距下次续约还有 {value} 天",
        ),
    ),
    _subscriptions(
        "contract_price_30d",
        "CAST(sum(CAST(CAST(price AS DOUBLE) * 30 / period_days AS DECIMAL(28, 4)))"
        f" FILTER ({_RUNS}) AS DOUBLE)",
        columns=("ended_at", "period_days", "price"),
        unit="currency",
        cause="value_for_money",
        when_null=("No contract with a price is running", "当前无带价格的有效合约"),
        meaning="Price of the running contracts for 30 days.",
        reason=(
            "Pays {value} for 30 days",
            "每 30 天合约费用 {value}",
        ),
    ),
    _subscriptions(
        "contract_price_change_365d",
        "max(CASE WHEN price_before > 0 THEN CAST(price AS DOUBLE) / CAST(price_before AS DOUBLE)"
        " - 1 END) FILTER (age_day < 365)",
        columns=("price",),
        unit="share",
        low=-1.0,
        cause="value_for_money",
        when_null=(
            "No contract followed a priced one in the last 365 days",
            "近 365 天内无接续的带价格合约",
        ),
        risk="rises",
        meaning=(
            "Price for a period over that of the contract begun before it, less 1; the greatest of"
            " the last 365 days."
        ),
        reason=(
            "The price changed by {value} with a new contract",
            "新合约价格变化 {value}",
        ),
    ),
    _subscriptions(
        "plan_changes_365d",
        "count(*) FILTER (plan_changed AND age_day < 365)",
        columns=("plan",),
        unit="changes",
        cause="product_mismatch",
        when_no_rows="0",
        meaning="Contracts of the last 365 days with another plan than the one begun before.",
        reason=(
            "Changed the plan {value} time{s} in the last 365 days",
            "近 365 天更换套餐 {value} 次",
        ),
    ),
    _subscriptions(
        "contracts_ended_90d",
        "count(*) FILTER (ended_age_days <= 90)",
        columns=("ended_at",),
        unit="contracts",
        when_no_rows="0",
        risk="rises",
        meaning="Contracts that ended in the last 90 days.",
        reason=(
            "{value} contract{s} ended in the last 90 days",
            "近 90 天有 {value} 份合约终止",
        ),
    ),
    _subscriptions(
        "contracts_ended_by_payment_365d",
        "count(*) FILTER (end_reason = 'payment' AND ended_age_days <= 365)",
        columns=("end_reason", "ended_at"),
        unit="contracts",
        cause="payment_failure",
        when_no_rows="0",
        risk="rises",
        meaning="Contracts that ended for want of payment in the last 365 days.",
        reason=(
            "{value} contract{s} ended because a payment failed",
            "有 {value} 份合约因支付失败终止",
        ),
    ),
    _subscriptions(
        "contract_end_recency_days",
        "min(ended_age_days)",
        columns=("ended_at",),
        unit="days",
        when_null=("No contract ended in the lookback", "回溯期内无合约终止"),
        meaning="Days since a contract last ended.",
        reason=(
            "A contract last ended {value} day{s} ago",
            "距上次合约终止 {value} 天",
        ),
    ),
)
