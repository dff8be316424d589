"""Monetary: how much a customer spends, in the project's currency."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_monetary = family("monetary", table="transactions", view="purchase_days", cause="value_for_money")


def _spend(days: int) -> Feature:
    return _monetary(
        f"spend_{days}d",
        f"sum(amount) FILTER (age_day < {days})",
        unit="currency",
        when_no_rows="0",
        risk="falls",
        meaning=f"Sum of purchases in the last {days} days.",
        reason=(
            f"Spent {{value}} in the last {days} days (typical {{typical}})",
            f"近 {days} 天消费 {{value}}(一般为 {{typical}})",
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
            "Spends {value} on a purchase day (typical {typical})",
            "平均每个购买日消费 {value}(一般为 {typical})",
        ),
    ),
    _monetary(
        "basket_last",
        "arg_min(amount, age_day)",
        unit="currency",
        meaning="Spend on the last purchase day.",
        reason=(
            "Spent {value} at the last purchase (typical {typical})",
            "上次购买消费 {value}(一般为 {typical})",
        ),
    ),
    _monetary(
        "basket_last_over_mean",
        "basket_last / nullif(basket_365d, 0)",
        view=None,
        unit="ratio",
        when_null=("Spent nothing in the last 365 days", "近 365 天消费为零"),
        meaning="Spend on the last purchase day over the mean purchase day of 365 days.",
        reason=(
            "Last purchase was {value} times the usual size (typical {typical})",
            "上次消费为平时的 {value} 倍(一般为 {typical} 倍)",
        ),
    ),
    _monetary(
        "discount_share_365d",
        "CAST(sum(discount) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(sum(amount + discount) FILTER (age_day < 365), 0)",
        columns=("discount",),
        unit="share",
        high=1.0,
        when_null=("Bought nothing at a price in the last 365 days", "近 365 天无计价消费"),
        meaning="Discount over the price before discount, last 365 days.",
        reason=(
            "Discounts are {value} of the price (typical {typical})",
            "折扣占价格的比例为 {value}(一般为 {typical})",
        ),
    ),
)
