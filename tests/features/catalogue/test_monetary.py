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
