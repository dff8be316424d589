"""Monetary: how much a customer spends, in the project's currency."""

from __future__ import annotations

from features.catalogue.feature import Feature, family
from features.catalogue.frequency import ACTIVE_MONTHS

_monetary = family("monetary", table="transactions", view="purchase_days", cause="value_for_money")

_NO_PURCHASE = ("No purchase in the last 365 days", "近 365 天无购买")
_NOTHING_SPENT = ("Spent nothing in the last 365 days", "近 365 天消费为零")


def _discount_share(days: str) -> str:
    """Return the share of the price that was deducted on the days that a condition names."""
    return (
        f"CAST(sum(discount) FILTER ({days}) AS DOUBLE)"
        f" / nullif(CAST(sum(amount + discount) FILTER ({days}) AS DOUBLE), 0)"
    )


def _spend(days: int) -> Feature:
    return _monetary(
        f"spend_{days}d",
        f"sum(amount) FILTER (age_day < {days})",
        unit="currency",
        when_no_rows="0",
        risk="falls",
        meaning=f"Sum of purchases in the last {days} days.",
        reason=(
            f"Spent {{value}} in the last {days} days",
            f"近 {days} 天消费 {{value}}",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _spend(30),
    _spend(90),
    _spend(180),
    _spend(365),
    _monetary(
        "basket_365d",
        "CAST(sum(amount) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(*) FILTER (age_day < 365), 0)",
        unit="currency",
        meaning="Mean spend on a purchase day of the last 365 days.",
        reason=(
            "Spends {value} on a purchase day",
            "平均每个购买日消费 {value}",
        ),
    ),
    _monetary(
        "basket_last",
        "arg_min(amount, age_day)",
        unit="currency",
        meaning="Spend on the last purchase day.",
        reason=(
            "Spent {value} at the last purchase",
            "上次购买消费 {value}",
        ),
    ),
    _monetary(
        "basket_last_over_mean",
        "basket_last / nullif(basket_365d, 0)",
        view=None,
        unit="ratio",
        when_null=_NOTHING_SPENT,
        meaning="Spend on the last purchase day over the mean purchase day of 365 days.",
        reason=(
            "Last purchase was {value} times the usual size",
            "上次消费为平时的 {value} 倍",
        ),
    ),
    _monetary(
        "basket_max_365d",
        "max(amount) FILTER (age_day < 365)",
        unit="currency",
        when_null=_NO_PURCHASE,
        meaning="Largest spend on a purchase day of the last 365 days.",
        reason=(
            "Largest purchase day of the year: {value}",
            "近一年单日最高消费 {value}",
        ),
    ),
    _monetary(
        "basket_max_share_365d",
        "CAST(basket_max_365d AS DOUBLE) / nullif(CAST(spend_365d AS DOUBLE), 0)",
        view=None,
        unit="share",
        high=1.0,
        when_null=_NOTHING_SPENT,
        meaning="Share of the year's spend that went on its largest purchase day.",
        reason=(
            "One purchase day made up {value} of the year's spend",
            "单日最高消费占全年的 {value}",
        ),
    ),
    _monetary(
        "basket_swing",
        "CAST(sum(abs(amount - amount_before)) AS DOUBLE) / nullif(count(amount_before), 0)"
        " / nullif(CAST(sum(amount) AS DOUBLE) / count(*), 0)",
        unit="share",
        when_null=(
            "Only one purchase day so far, or nothing spent",
            "目前仅有一个购买日,或消费为零",
        ),
        meaning=(
            "Mean change of spend from one purchase day to the next, over the mean purchase day."
        ),
        reason=(
            "Spend changes by {value} of its mean between purchases",
            "相邻两次消费金额相差平均值的 {value}",
        ),
    ),
    _monetary(
        "spend_per_active_month_360d",
        f"CAST(sum(amount) FILTER (age_day < 360) AS DOUBLE) / nullif({ACTIVE_MONTHS}, 0)",
        unit="currency",
        when_null=("No purchase in the last 360 days", "近 360 天无购买"),
        risk="falls",
        meaning="Spend in a period of 30 days that has a purchase, mean of the last twelve.",
        reason=(
            "Spends {value} in a month with purchases",
            "有购买的月份平均消费 {value}",
        ),
    ),
    _monetary(
        "quantity_per_purchase_day_365d",
        "CAST(sum(quantity) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(quantity) FILTER (age_day < 365), 0)",
        columns=("quantity",),
        unit="units",
        low=None,
        when_null=("No quantity on record in the last 365 days", "近 365 天无购买数量记录"),
        meaning="Mean number of units bought on a purchase day of the last 365 days.",
        reason=(
            "Buys {value} unit{s} on a purchase day",
            "平均每个购买日购买 {value} 件",
        ),
    ),
    _monetary(
        "unit_price_365d",
        "CAST(sum(amount) FILTER (quantity > 0 AND age_day < 365) AS DOUBLE)"
        " / nullif(CAST(sum(quantity) FILTER (quantity > 0 AND age_day < 365) AS DOUBLE), 0)",
        columns=("quantity",),
        unit="currency",
        when_null=("No quantity on record in the last 365 days", "近 365 天无购买数量记录"),
        meaning="Spend for each unit bought in the last 365 days.",
        reason=(
            "Pays {value} for a unit",
            "平均每件支付 {value}",
        ),
    ),
    _monetary(
        "discount_share_365d",
        _discount_share("age_day < 365"),
        columns=("discount",),
        unit="share",
        high=1.0,
        when_null=("Bought nothing at a price in the last 365 days", "近 365 天无计价消费"),
        meaning="Discount over the price before discount, last 365 days.",
        reason=(
            "Discounts are {value} of the price",
            "折扣占价格的比例为 {value}",
        ),
    ),
    _monetary(
        "discount_share_change_90d",
        f"{_discount_share('age_day < 90')} - {_discount_share('age_day BETWEEN 90 AND 364')}",
        columns=("discount",),
        unit="share",
        low=-1.0,
        high=1.0,
        when_null=(
            "Nothing bought at a price in the last 90 days, or in the year before them",
            "近 90 天或此前一年内无计价消费",
        ),
        meaning="Discount share of the last 90 days less that of the 275 days before.",
        reason=(
            "Discounts changed by {value} of the price",
            "折扣占价格的比例变化 {value}",
        ),
    ),
)
