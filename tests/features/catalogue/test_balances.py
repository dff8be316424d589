"""Levels against their own past: the main balance, and all of them."""

from __future__ import annotations

import pytest

LEVELS = [
    "balance_level",
    "balance_over_mean",
    "balance_slope_30d",
    "balance_drop_from_peak",
    "balance_drop_worst",
    "balance_change_since_first",
    "balances_measured",
    "balance_recency_days",
]


@pytest.fixture
def levels(one, ago, alive):
    """Compute the family from (days ago, name, value)."""

    def compute(*measured):
        rows = [
            {"customer_id": "a", "measured_at": ago(day), "name": name, "value": value}
            for day, name, value in measured
        ]
        rows.append({"customer_id": "b", "measured_at": ago(1), "name": "seats", "value": 9.0})
        return list(one(LEVELS, transactions=alive, balances=rows).values())

    return compute


def test_the_main_balance_is_the_one_measured_most_often(levels) -> None:
    # 40, 80, 60, 20 at steps of 30 days: mean 50, slope -8 a step by least squares.
    found = levels(
        (91, "cash", 40.0),
        (61, "cash", 80.0),
        (31, "cash", 60.0),
        (1, "cash", 20.0),
        (5, "seats", 10.0),
        (100, "seats", 100.0),
    )
    assert found == pytest.approx([20, 0.4, -8 / 50, 0.75, 0.9, -0.5, 2, 1], rel=1e-12)


def test_equally_often_the_first_name_is_the_main_one(levels) -> None:
    found = levels((9, "seats", 7.0), (3, "cash", 5.0))
    assert found == [5, 1, None, 0, 0, 0, 2, 3]


def test_a_slope_is_of_what_lies_on_different_days(levels) -> None:
    assert levels((1.2, "cash", 10.0), (1.7, "cash", 30.0))[2] is None
    assert levels((1.2, "cash", 10.0), (2.2, "cash", 30.0))[2] == pytest.approx(-20 * 30 / 20)


def test_a_level_that_never_moved_has_no_slope_to_the_last_bit(levels) -> None:
    assert levels(*((day + 0.3, "cash", 12.34) for day in (3, 40, 77, 200, 311)))[2] == 0


def test_what_never_was_above_zero_has_a_level_and_no_ratios(levels) -> None:
    assert levels((40, "cash", -5.0), (10, "cash", -15.0)) == [
        -15,
        None,
        None,
        None,
        None,
        None,
        1,
        10,
    ]


def test_a_balance_below_zero_fell_by_more_than_all_of_its_peak(levels) -> None:
    found = levels((40, "cash", 30.0), (10, "cash", -15.0))
    assert found == pytest.approx([-15, -2, -45 / 7.5, 1.5, 1.5, -1.5, 1, 10])


def test_what_is_measured_later_or_known_later_is_not_seen(one, ago, alive) -> None:
    cash = {"customer_id": "a", "name": "cash"}
    rows = [
        cash | {"measured_at": ago(5), "value": 8.0, "known_at": None},
        cash | {"measured_at": ago(-1), "value": 1.0, "known_at": None},
        cash | {"measured_at": ago(2), "value": 2.0, "known_at": ago(-1)},
        cash | {"measured_at": ago(366), "value": 80.0, "known_at": None},
    ]
    found = one(["balance_level", "balance_drop_from_peak"], transactions=alive, balances=rows)
    assert found == {"balance_level": 8, "balance_drop_from_peak": 0}


def test_who_was_never_measured_has_nothing(levels) -> None:
    assert levels() == [None, None, None, None, None, None, 0, None]
