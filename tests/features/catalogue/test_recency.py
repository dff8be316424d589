"""Recency counts from the last purchase, or the last sign of life, to the instant."""

from __future__ import annotations

import pytest


def test_recency_counts_to_the_last_purchase_and_the_first(one, bought) -> None:
    rows = [bought(2.5), bought(40.25), bought(40.5)]
    found = one(["recency_days", "first_purchase_age_days"], transactions=rows)
    assert found == {"recency_days": 2.5, "first_purchase_age_days": 40.5}


@pytest.mark.parametrize(
    ("days", "share"),
    [
        pytest.param([10, 40], 0.25, id="a-quarter"),
        pytest.param([40], 1, id="bought-once"),
        pytest.param([40, 400], 1, id="older-than-the-lookback"),
    ],
)
def test_silence_is_a_share_of_the_time_since_the_first_purchase(one, bought, days, share) -> None:
    rows = [bought(day) for day in days]
    assert one(["silence_share"], transactions=rows) == {"silence_share": share}


@pytest.mark.parametrize(
    ("active", "last"),
    [
        pytest.param([3, 30], 3, id="active-since"),
        pytest.param([30], 12, id="bought-since"),
        pytest.param([], 12, id="never-active"),
    ],
)
def test_the_last_sign_of_life_is_a_purchase_or_an_activity(one, bought, ago, active, last) -> None:
    activity = [{"customer_id": "b", "occurred_at": ago(1)}]
    activity += [{"customer_id": "a", "occurred_at": ago(day)} for day in active]
    found = one(["last_sign_days"], transactions=[bought(12)], activity=activity)
    assert found == {"last_sign_days": last}
