"""Rhythm measures silence in a customer's own gaps."""

from __future__ import annotations

from math import sqrt

import pytest

APPROX = {"rel": 1e-12, "abs": 1e-12}


RHYTHM = [
    "gap_mean_days",
    "gap_max_days",
    "gap_last_days",
    "gap_variation",
    "recency_over_gap_mean",
    "recency_over_gap_max",
]


def test_rhythm_measures_silence_in_own_gaps(one, bought, ago) -> None:
    # Whole days ago 11, 21, 51: gaps of 10 (the last) and 30; mean 20, spread 10.
    rows = [bought(days) for days in (12, 22, 52)]
    assert one(RHYTHM, transactions=rows) == pytest.approx(
        {
            "gap_mean_days": 20,
            "gap_max_days": 30,
            "gap_last_days": 10,
            "gap_variation": sqrt(((10 - 20) ** 2 + (30 - 20) ** 2) / 2) / 20,
            "recency_over_gap_mean": 12 / 20,
            "recency_over_gap_max": 12 / 30,
        },
        **APPROX,
    )


def test_a_clockwork_customer_has_no_variation(one, bought) -> None:
    rows = [bought(days) for days in (5, 12, 19, 26)]
    assert one(["gap_variation"], transactions=rows) == {"gap_variation": 0}


def test_who_bought_once_has_no_rhythm(one, bought) -> None:
    assert one(RHYTHM, transactions=[bought(12.25), bought(12.5)]) == (dict.fromkeys(RHYTHM))


def test_two_purchase_days_are_too_few_for_a_variation(one, bought) -> None:
    rows = [bought(12), bought(30)]
    assert one(["gap_variation"], transactions=rows) == {"gap_variation": None}
