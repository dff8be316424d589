"""Breadth counts different things once."""

from __future__ import annotations

import pytest


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


CHANGES = ["products_new_90d", "products_change_90d", "product_repeat_share_365d"]


@pytest.mark.parametrize(
    ("products", "expected"),
    [
        # p1 in both quarters, p2 before only, p3 new; of five product days one repeats.
        pytest.param(
            [(10, "p1"), (10, "p3"), (100, "p1"), (100, "p2"), (120, "p4")],
            [1, 2 - 3, 1 / 5],
            id="narrower",
        ),
        pytest.param([(100, "p1"), (120, "p1")], [0, -1, 1 / 2], id="stopped"),
        pytest.param([(10, "p1"), (300, "p1")], [0, 1, 1 / 2], id="once-more"),
        pytest.param([(10.1, "p1"), (10.5, "p1")], [1, 1, 0], id="twice-on-a-day-is-once"),
        pytest.param([(10, None)], [0, 0, None], id="unknown"),
    ],
)
def test_the_range_of_products_grows_narrows_and_repeats(one, bought, products, expected) -> None:
    rows = [bought(day, product_id=product) for day, product in products]
    rows.append({**bought(1, product_id="p9"), "customer_id": "b"})
    found = one(CHANGES, transactions=rows)
    assert found == dict(zip(CHANGES, expected, strict=True))


def test_categories_that_stopped_and_channels_in_use(one, bought) -> None:
    rows = [
        bought(10, category="k1", channel="web"),
        bought(200, category="k1", channel="shop"),
        bought(91, category="k2", channel="web"),
        bought(120, category="k2", channel=None),
        bought(90, category="k3", channel="web"),
        bought(150, category=None, channel=None),
    ]
    assert one(["categories_lost_90d", "channels_365d"], transactions=rows) == {
        "categories_lost_90d": 1,  # k2; the day of k3 is the ninetieth and still counts
        "channels_365d": 2,
    }
