"""Decline by hand: window over window, slopes, and weights that fade."""

from __future__ import annotations

from math import exp

import pytest

WHO = {"customer_id": "a"}


def test_decayed_purchases_fade_with_age(one, bought) -> None:
    rows = [bought(3), bought(60)]
    found = one(["decayed_purchases_30d", "decayed_purchases_120d"], transactions=rows)
    assert found == pytest.approx(
        {
            "decayed_purchases_30d": exp(-3 / 30) + exp(-60 / 30),
            "decayed_purchases_120d": exp(-3 / 120) + exp(-60 / 120),
        },
        abs=1e-11,  # each weight is kept to twelve decimals, so that sums are exact
    )


ACTIVITY = ["activity_30d", "activity_90d", "activity_recency_days", "activity_share_30d"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([1, 2, 40, 100], [2, 3, 1, 2 / 3], id="some"),
        pytest.param([100], [0, 0, 100, None], id="none-this-quarter"),
        pytest.param([], [0, 0, None, None], id="never"),
    ],
)
def test_activity_counts_events_and_not_days(one, ago, alive, days, expected) -> None:
    rows = [WHO | {"occurred_at": ago(day)} for day in days]
    rows += [{"customer_id": "b", "occurred_at": ago(1)}]
    assert one(ACTIVITY, transactions=alive, activity=rows) == dict(
        zip(ACTIVITY, expected, strict=True)
    )


FADING = ["decayed_purchases_ratio", "decayed_spend_60d"]


def test_fading_rates_are_equal_for_the_steady_and_low_for_who_stopped(one, bought) -> None:
    found = one(FADING, transactions=[bought(60, 50)])
    assert found == pytest.approx(
        {
            "decayed_purchases_ratio": 4 * exp(-60 / 30) / exp(-60 / 120),
            "decayed_spend_60d": 50 * exp(-1),
        },
        abs=1e-4,  # money is kept to four decimals
    )
    steady = one(FADING, transactions=[bought(day + 0.5) for day in range(365)])
    assert steady["decayed_purchases_ratio"] == pytest.approx(1 / (1 - exp(-365 / 120)), rel=1e-4)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([10, 100], -0.5, id="half-of-it"),
        pytest.param([100], -1, id="stopped"),
        pytest.param([10], 1, id="began"),
        pytest.param([300], None, id="nothing-for-180-days"),
    ],
)
def test_the_change_of_spend_is_over_both_quarters(one, bought, days, expected) -> None:
    rows = [bought(day, 30 if day == 100 else 10) for day in days]
    assert one(["spend_change_90d"], transactions=rows) == {"spend_change_90d": expected}


SLOPES = ["purchase_days_slope_360d", "spend_slope_360d"]


def fitted_slope(monthly):
    """Slope by least squares through twelve values, the earliest first."""
    mean = sum(monthly) / 12
    products = [(time - 5.5) * (value - mean) for time, value in enumerate(monthly)]
    return sum(products) / 143


def test_slopes_are_those_of_a_line_through_twelve_months(one, bought) -> None:
    # Period 0 is the last 30 days: three days with 10 each, period 2 one with 20, period 11 one.
    days = {0: [1, 8, 30], 2: [61], 11: [360]}
    amount = {0: 10, 2: 20, 11: 6}
    rows = [bought(day, amount[period]) for period, there in days.items() for day in there]
    counts = [len(days.get(period, [])) for period in range(11, -1, -1)]
    sums = [len(days.get(period, [])) * amount.get(period, 0) for period in range(11, -1, -1)]
    assert one(SLOPES, transactions=rows) == pytest.approx(
        {
            "purchase_days_slope_360d": fitted_slope(counts),
            "spend_slope_360d": fitted_slope(sums) / (56 / 12),
        },
        rel=1e-12,
    )


def test_slopes_of_nothing_spent_and_of_nothing_within_360_days(one, bought) -> None:
    assert one(SLOPES, transactions=[bought(5, 0)]) == {
        "purchase_days_slope_360d": 11 / 286,
        "spend_slope_360d": None,
    }
    assert one(SLOPES, transactions=[bought(362)]) == {
        "purchase_days_slope_360d": 0,
        "spend_slope_360d": None,
    }


SIGNS = ["activity_days_90d", "activity_change_90d", "activity_recency_over_gap_mean"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Whole days ago 9, 29, 99: gaps of 20 and 70 days, the mean is 45.
        pytest.param([10, 10, 30, 100], [2, 0.5, 10 / 45], id="some"),
        pytest.param([100, 120], [0, -1, 100 / 20], id="stopped"),
        pytest.param([10], [1, 1, None], id="once"),
        pytest.param([200], [0, None, None], id="long-ago"),
        pytest.param([], [0, None, None], id="never"),
    ],
)
def test_activity_is_held_against_the_quarter_before_and_own_gaps(
    one, ago, alive, days, expected
) -> None:
    rows = [WHO | {"occurred_at": ago(day)} for day in days]
    rows += [{"customer_id": "b", "occurred_at": ago(1)}]
    assert one(SIGNS, transactions=alive, activity=rows) == dict(zip(SIGNS, expected, strict=True))


USAGE = ["activity_kinds_lost_90d", "activity_value_share_90d"]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [(10, "visit", 3.0), (100, "visit", 1.0), (120, "call", 4.0), (200, None, None)],
            [1, 3 / 8],
            id="calls-stopped",
        ),
        pytest.param([(100, "visit", 2.0), (100, "call", None)], [2, 0], id="all-stopped"),
        pytest.param([(10, "visit", None)], [0, None], id="no-sizes"),
        pytest.param([], [0, None], id="never"),
    ],
)
def test_kinds_that_stopped_and_usage_of_the_quarter(one, ago, alive, events, expected) -> None:
    rows = [
        WHO | {"occurred_at": ago(day), "kind": kind, "value": value} for day, kind, value in events
    ]
    rows += [{"customer_id": "b", "occurred_at": ago(1), "kind": "visit", "value": 1.0}]
    assert one(USAGE, transactions=alive, activity=rows) == dict(zip(USAGE, expected, strict=True))
