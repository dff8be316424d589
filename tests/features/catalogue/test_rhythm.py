"""Rhythm measures silence in a customer's own gaps."""

from __future__ import annotations

from math import log, sqrt

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


SILENCE = ["gap_trend_180d", "recency_over_usual_gap", "outlasted_gaps_share"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Whole days ago 11, 21, 51, 201: gaps of 10, 30 and 150 days, all ended within 180 days.
        pytest.param(
            [12, 22, 52, 202],
            [1, 12 / (190 / 3 + sqrt((100 + 900 + 22500) / 3 - (190 / 3) ** 2)), 1 / 3],
            id="three-gaps",
        ),
        # Gaps of 10 and 168 ended within 180 days, the one of 40 did not.
        pytest.param(
            [12, 22, 190, 230],
            [
                89 / (218 / 3),
                12 / (218 / 3 + sqrt((100 + 28224 + 1600) / 3 - (218 / 3) ** 2)),
                1 / 3,
            ],
            id="an-older-gap",
        ),
        pytest.param([11, 21, 31], [1, 11 / 10, 1], id="clockwork"),
        pytest.param([20, 30], [1, None, 1], id="one-gap"),
        pytest.param([20, 40], [1, None, 0], id="shorter-than-the-only-gap"),
        pytest.param([200, 230], [None, None, 1], id="no-gap-ended-lately"),
        pytest.param([20], [None, None, None], id="bought-once"),
    ],
)
def test_silence_is_held_against_own_gaps(one, nearly, bought, days, expected) -> None:
    found = one(SILENCE, transactions=[bought(day) for day in days])
    assert found == nearly(SILENCE, expected)


def entropy(*stretches):
    """Clumpiness by its definition, of stretches of days that fill 366."""
    assert sum(stretches) == 366
    shares = [stretch / 366 for stretch in stretches]
    return 1 + sum(share * log(share) for share in shares) / log(len(shares))


@pytest.mark.parametrize(
    ("days", "stretches"),
    [
        pytest.param([183], (183, 183), id="in-the-middle"),
        pytest.param([1], (365, 1), id="yesterday"),
        pytest.param([365], (1, 365), id="at-the-far-edge"),
        pytest.param([61, 122, 183, 244, 305], (61,) * 6, id="evenly"),
        pytest.param([11, 12, 13, 200], (166, 187, 1, 1, 11), id="a-burst"),
        pytest.param([10.1, 10.5, 370], (355, 11), id="a-day-once-and-none-beyond"),
    ],
)
def test_clumpiness_is_the_entropy_of_the_stretches(one, bought, days, stretches) -> None:
    found = one(["clumpiness_365d"], transactions=[bought(day) for day in days])
    assert found["clumpiness_365d"] == pytest.approx(entropy(*stretches), abs=1e-10)


def test_clumpiness_sees_a_year_of_a_longer_lookback(features_of, bought) -> None:
    rows = [bought(10), bought(364), bought(500)]
    found = features_of("clumpiness_365d", lookback_days=600, transactions=rows)["a"]
    assert found["clumpiness_365d"] == pytest.approx(entropy(2, 354, 10), abs=1e-10)
