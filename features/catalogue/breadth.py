"""Breadth: how many different products, categories and channels a customer uses.

How much of it goes to the favourite category is not here: that would be a maximum over sums.
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_breadth = family("breadth", table="transactions", cause="product_mismatch")


def _products(days: int) -> Feature:
    """Count the latest day of each product: that is how many there were."""
    return _breadth(
        f"products_{days}d",
        f"count(*) FILTER (next_age_day IS NULL AND age_day < {days})",
        view="product_days",
        columns=("product_id",),
        unit="products",
        when_no_rows="0",
        risk="falls",
        meaning=f"Different products bought in the last {days} days.",
        reason=(
            f"{{value}} different product{{s}} in the last {days} days",
            f"近 {days} 天购买 {{value}} 种产品",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _products(365),
    _products(90),
    _breadth(
        "products_new_90d",
        "count(*) FILTER (previous_age_day IS NULL AND age_day < 90)",
        view="product_days",
        columns=("product_id",),
        unit="products",
        when_no_rows="0",
        risk="falls",
        meaning="Products bought in the last 90 days for the first time within the lookback.",
        reason=(
            "Tried {value} new product{s} in the last 90 days",
            "近 90 天首次购买 {value} 种新产品",
        ),
    ),
    _breadth(
        "products_change_90d",
        "count(*) FILTER (next_age_day IS NULL AND age_day < 90)"
        " - count(*) FILTER (age_day BETWEEN 90 AND 179"
        " AND (next_age_day IS NULL OR next_age_day < 90))",
        view="product_days",
        columns=("product_id",),
        unit="products",
        low=None,
        when_no_rows="0",
        risk="falls",
        meaning="Different products of the last 90 days less those of the 90 before.",
        reason=(
            "The range of products changed by {value} against the quarter before",
            "购买产品种类较上一季度变化 {value} 种",
        ),
    ),
    _breadth(
        "product_repeat_share_365d",
        "CAST(count(previous_age_day) FILTER (age_day < 365) AS DOUBLE)"
        " / nullif(count(*) FILTER (age_day < 365), 0)",
        view="product_days",
        columns=("product_id",),
        unit="share",
        high=1.0,
        when_null=("No product on record in the last 365 days", "近 365 天无产品记录"),
        risk="falls",
        meaning=(
            "Share of what was bought in the last 365 days that had been bought on an earlier day"
            " within the lookback."
        ),
        reason=(
            "{value} of what they buy they had bought before",
            "购买的产品中有 {value} 为重复购买",
        ),
    ),
    _breadth(
        "categories_365d",
        "count(*) FILTER (next_age_day IS NULL AND age_day < 365)",
        view="category_days",
        columns=("category",),
        unit="categories",
        when_no_rows="0",
        risk="falls",
        meaning="Different categories bought in the last 365 days.",
        reason=(
            "Categories bought in the last 365 days: {value}",
            "近 365 天购买 {value} 个品类",
        ),
    ),
    _breadth(
        "categories_lost_90d",
        "count(*) FILTER (next_age_day IS NULL AND age_day >= 90)",
        view="category_days",
        columns=("category",),
        unit="categories",
        when_no_rows="0",
        risk="rises",
        meaning="Categories bought in the lookback, but not in the last 90 days.",
        reason=(
            "Bought nothing from {value} of their categories for 90 days",
            "有 {value} 个曾购品类近 90 天未再购买",
        ),
    ),
    _breadth(
        "channels_365d",
        "count(*) FILTER (next_age_day IS NULL AND age_day < 365)",
        view="channel_days",
        columns=("channel",),
        unit="channels",
        when_no_rows="0",
        risk="falls",
        cause="disengagement",
        meaning="Different channels used for purchases in the last 365 days.",
        reason=(
            "Bought through {value} channel{s} in the last 365 days",
            "近 365 天使用 {value} 个购买渠道",
        ),
    ),
)
