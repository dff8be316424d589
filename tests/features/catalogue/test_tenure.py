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
