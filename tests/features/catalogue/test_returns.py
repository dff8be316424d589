"""Returns are negative amounts and no purchases."""

from __future__ import annotations

import pytest

RETURNS = [
    "return_days_90d",
    "return_days_365d",
    "returned_365d",
    "return_share_365d",
    "return_recency_days",
]


def test_returns_are_negative_amounts_and_no_purchases(one, bought, ago) -> None:
    rows = [
        bought(20, 100),
        bought(10, -25),
        bought(10.5, -5),
        bought(200, -10),
    ]
    found = one([*RETURNS, "recency_days", "purchase_days_365d"], transactions=rows)
    assert found == {
        "return_days_90d": 2,  # 10 days ago ends the tenth day, 10.5 lies in the eleventh
        "return_days_365d": 3,
        "returned_365d": 40,
        "return_share_365d": 0.4,
        "return_recency_days": 10,
        "recency_days": 20,
        "purchase_days_365d": 1,
    }


def test_who_returned_nothing_has_zero_and_no_date(one, bought) -> None:
    assert one(RETURNS, transactions=[bought(20)]) == {
        "return_days_90d": 0,
        "return_days_365d": 0,
        "returned_365d": 0,
        "return_share_365d": 0,
        "return_recency_days": None,
    }


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        pytest.param([10, 10.5, 200], {"return_rate_365d": 1.5, "returned_last": 1}, id="since"),
        pytest.param([200], {"return_rate_365d": 0.5, "returned_last": 0}, id="before"),
        pytest.param([], {"return_rate_365d": 0, "returned_last": 0}, id="never"),
    ],
)
def test_returns_for_each_purchase_day_and_since_the_last(one, bought, returned, expected) -> None:
    rows = [bought(20), bought(30), *(bought(day, -5) for day in returned)]
    assert one(list(expected), transactions=rows) == expected
