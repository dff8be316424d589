"""Money by hand: sums, baskets and discounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

APPROX = {"rel": 1e-12, "abs": 1e-12}


def test_monetary_sums_and_means_are_over_purchase_days(one, bought) -> None:
    rows = [
        bought(1.1, "0.10"),
        bought(1.2, "0.20"),
        bought(50, 5),
        bought(170, 15),
        bought(300, "19.70"),
    ]
    rows = [row | {"amount": Decimal(row["amount"])} for row in rows]
    found = one(
        [
            "spend_30d",
            "spend_90d",
            "spend_180d",
            "spend_365d",
            "basket_365d",
            "basket_last",
            "basket_last_over_mean",
            "spend_share_90d",
        ],
        transactions=rows,
    )
    assert found == pytest.approx(
        {
            "spend_30d": 0.3,
            "spend_90d": 5.3,
            "spend_180d": 20.3,
            "spend_365d": 40,
            "basket_365d": 10,  # four days
            "basket_last": 0.3,
            "basket_last_over_mean": 0.03,
            "spend_share_90d": 5.3 / 40,
        },
        **APPROX,
    )
    assert found["spend_30d"] == 0.3  # exact: money is summed in decimals, 0.1 + 0.2 is not


def test_ratios_of_somebody_who_got_everything_free_are_missing(one, bought) -> None:
    names = ["basket_last_over_mean", "spend_share_90d", "return_share_365d", "discount_share_365d"]
    rows = [bought(3, 0, discount=0)]
    assert one(names, transactions=rows) == dict.fromkeys(names)


@pytest.mark.parametrize(
    ("discounts", "share"),
    [
        pytest.param([5, 0], 5 / 25, id="one-of-two"),
        pytest.param([5, None], 5 / 25, id="null-is-no-discount"),
        pytest.param([None, 0], 0.0, id="none-given"),
    ],
)
def test_discount_share_is_of_the_price_before_discount(one, bought, discounts, share) -> None:
    rows = [bought(3 + i, 10, discount=discount) for i, discount in enumerate(discounts)]
    found = one(["discount_share_365d"], transactions=rows)
    assert found["discount_share_365d"] == pytest.approx(share, **APPROX)


BASKETS = [
    "basket_max_365d",
    "basket_max_share_365d",
    "basket_swing",
    "spend_per_active_month_360d",
]


def test_baskets_are_days_and_swing_from_one_to_the_next(one, bought) -> None:
    # Days of 10, 30 and 20 (two lines): they change by 20 and by 10; the mean is 20.
    rows = [bought(100, 10), bought(50, 30), bought(42.1, 15), bought(42.2, 5)]
    assert one(BASKETS, transactions=rows) == {
        "basket_max_365d": 30,
        "basket_max_share_365d": 0.5,
        "basket_swing": 15 / 20,
        "spend_per_active_month_360d": 30,  # days 99, 49 and 42 ago: two periods of 30 days
    }


def test_one_basket_does_not_swing_and_free_ones_have_no_shares(one, bought) -> None:
    assert one(BASKETS, transactions=[bought(3, 0)]) == {
        "basket_max_365d": 0,
        "basket_max_share_365d": None,
        "basket_swing": None,
        "spend_per_active_month_360d": 0,
    }
    free_twice = [bought(3, 0), bought(9, 0)]
    assert one(["basket_swing"], transactions=free_twice) == {"basket_swing": None}


UNITS = ["quantity_per_purchase_day_365d", "unit_price_365d"]


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        pytest.param([2.0, 3.0], [2.5, 4], id="both"),
        pytest.param([2.5, None], [2.5, 4], id="one-unknown"),
        pytest.param([None, None], [None, None], id="none-known"),
        pytest.param([0.0, 4.0], [2, 2.5], id="none-bought"),
    ],
)
def test_units_are_counted_where_they_are_known(one, bought, quantities, expected) -> None:
    rows = [bought(3 + i, 10, quantity=quantity) for i, quantity in enumerate(quantities)]
    other = {**bought(2, quantity=1.0), "customer_id": "b"}
    found = one(UNITS, transactions=[*rows, other])
    assert found == dict(zip(UNITS, expected, strict=True))


@pytest.mark.parametrize(
    ("then", "change"),
    [
        pytest.param((10, 0), 0.5, id="was-none"),
        pytest.param((5, 15), -0.25, id="was-more"),
        pytest.param((0, 0), None, id="nothing-at-a-price"),
    ],
)
def test_the_change_of_discounts_is_against_the_rest_of_the_year(one, bought, then, change) -> None:
    amount, discount = then
    rows = [bought(30, 10, discount=10), bought(91, amount, discount=discount)]
    found = one(["discount_share_change_90d"], transactions=rows)
    assert found == {"discount_share_change_90d": change}
