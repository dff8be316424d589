"""Breadth: how many different products and kinds of product a customer buys."""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_breadth = family("breadth", table="transactions", cause="product_mismatch")

FEATURES: tuple[Feature, ...] = (
    _breadth(
        "products_365d",
        "count(*) FILTER (next_age_day IS NULL AND age_day < 365)",
        view="product_days",
        columns=("product_id",),
        unit="products",
        when_no_rows="0",
        risk="falls",
        meaning="Different products bought in the last 365 days.",
        reason=(
            "{value} different products in the last 365 days (typical {typical})",
            "近 365 天购买 {value} 种产品(一般为 {typical} 种)",
        ),
    ),
    _breadth(
        "products_90d",
        "count(*) FILTER (next_age_day IS NULL AND age_day < 90)",
        view="product_days",
        columns=("product_id",),
        unit="products",
        when_no_rows="0",
        risk="falls",
        meaning="Different products bought in the last 90 days.",
        reason=(
            "{value} different products in the last 90 days (typical {typical})",
            "近 90 天购买 {value} 种产品(一般为 {typical} 种)",
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
            "{value} categories in the last 365 days (typical {typical})",
            "近 365 天购买 {value} 个品类(一般为 {typical} 个)",
        ),
    ),
)
