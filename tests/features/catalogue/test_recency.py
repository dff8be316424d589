"""Recency counts from the last purchase, or the last sign of life, to the instant."""

from __future__ import annotations


def test_recency_counts_to_the_last_purchase_and_the_first(one, bought) -> None:
    rows = [bought(2.5), bought(40.25), bought(40.5)]
    found = one(["recency_days", "first_purchase_age_days"], transactions=rows)
    assert found == {"recency_days": 2.5, "first_purchase_age_days": 40.5}
