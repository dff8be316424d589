"""Breadth counts different things once."""

from __future__ import annotations


def test_breadth_counts_different_things_once(one, bought) -> None:
    rows = [
        bought(5, product_id="p1", category="k1"),
        bought(6, product_id="p1", category="k1"),
        bought(200, product_id="p2", category="k2"),
        bought(7, product_id=None, category=None),
        bought(8, -3, product_id="p9", category="k9"),  # sent back
    ]
    assert one(["products_365d", "products_90d", "categories_365d"], transactions=rows) == {
        "products_365d": 2,
        "products_90d": 1,
        "categories_365d": 2,
    }
