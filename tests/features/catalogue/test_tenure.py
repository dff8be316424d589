"""Tenure counts from sign-up."""

from __future__ import annotations

import pytest

WHO = {"customer_id": "a"}


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        pytest.param({"signed_up_at": 500}, 500, id="before-the-lookback"),
        pytest.param({"signed_up_at": -1}, None, id="in-the-future"),
        pytest.param({"signed_up_at": 500, "known_at": -1}, None, id="not-known-yet"),
        pytest.param({"signed_up_at": 500, "known_at": 3}, 500, id="known-later"),
        pytest.param({}, None, id="unknown"),
    ],
)
def test_tenure_counts_from_sign_up(one, ago, alive, customer, expected) -> None:
    row = WHO | {name: ago(days) for name, days in customer.items()}
    other = {"customer_id": "b", "signed_up_at": ago(7)}
    assert one(["tenure_days"], transactions=alive, customers=[row, other]) == {
        "tenure_days": expected
    }


@pytest.mark.parametrize(
    ("signed_up", "is_new", "rate"),
    [
        pytest.param(89, 1, 2 * 30 / 89, id="new"),
        pytest.param(90, 0, 2 * 30 / 90, id="ninety-days"),
        pytest.param(5, 1, 2, id="days-old-counts-as-a-month"),
        pytest.param(700, 0, 2 * 30 / 365, id="older-than-the-window"),
        pytest.param(None, None, None, id="unknown"),
    ],
)
def test_new_customers_and_their_pace(
    one, nearly, ago, alive, bought, signed_up, is_new, rate
) -> None:
    row = {"customer_id": "a", "signed_up_at": None if signed_up is None else ago(signed_up)}
    other = {"customer_id": "b", "signed_up_at": ago(7)}
    found = one(
        ["is_new", "purchase_days_per_month"],
        transactions=[*alive, bought(3)],
        customers=[row, other],
    )
    assert found == nearly(["is_new", "purchase_days_per_month"], [is_new, rate])
