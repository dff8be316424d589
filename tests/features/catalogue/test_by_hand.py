"""Every family on a company small enough to compute the answers by hand.

All instants are days before 2011-03-01 00:00 UTC; ``None`` is a missing value.
"""

from __future__ import annotations

from decimal import Decimal
from math import exp, sqrt

import pytest

WHO = {"customer_id": "a"}
APPROX = {"rel": 1e-12, "abs": 1e-12}


def bought(ago, days, amount=10, **more):
    return WHO | {"occurred_at": ago(days), "amount": amount} | more


def one(features_of, names, **tables):
    return features_of(*names, **tables)["a"]


def test_recency_counts_to_the_last_purchase_and_the_first(features_of, ago) -> None:
    rows = [bought(ago, 2.5), bought(ago, 40.25), bought(ago, 40.5)]
    found = one(features_of, ["recency_days", "first_purchase_age_days"], transactions=rows)
    assert found == {"recency_days": 2.5, "first_purchase_age_days": 40.5}


def test_frequency_counts_days_not_rows(features_of, ago) -> None:
    # Days ago 0.1 and 0.9 are one day; 29.5, 100, 280 and 364.5 one each.
    rows = [bought(ago, days) for days in (0.1, 0.9, 29.5, 100, 280, 364.5)]
    assert one(
        features_of,
        [
            "purchase_days_30d",
            "purchase_days_90d",
            "purchase_days_180d",
            "purchase_days_365d",
            "active_months_360d",
            "purchase_days_same_season",
            "purchase_days_change_90d",
        ],
        transactions=rows,
    ) == {
        "purchase_days_30d": 2,
        "purchase_days_90d": 2,
        "purchase_days_180d": 3,
        "purchase_days_365d": 5,
        "active_months_360d": 3,  # months 0 (twice), 3 and 9; day 364 is in the thirteenth
        "purchase_days_same_season": 2,  # 280 and 364.5
        "purchase_days_change_90d": 1,  # two in the last 90 days, one in the 90 before
    }


def test_orders_of_a_day_are_counted_by_their_ids(features_of, ago) -> None:
    rows = [
        bought(ago, 1.1, order_id="o1"),
        bought(ago, 1.2, order_id="o1"),
        bought(ago, 1.3, order_id="o2"),
        bought(ago, 5, order_id=None),  # no id: one order for the day
    ]
    assert one(features_of, ["orders_365d"], transactions=rows) == {"orders_365d": 3}


def test_orders_without_ids_are_purchase_days(features_of, ago) -> None:
    rows = [bought(ago, 1.1), bought(ago, 1.2), bought(ago, 5)]
    assert one(features_of, ["orders_365d"], transactions=rows) == {"orders_365d": 2}


def test_monetary_sums_and_means_are_over_purchase_days(features_of, ago) -> None:
    rows = [
        bought(ago, 1.1, "0.10"),
        bought(ago, 1.2, "0.20"),
        bought(ago, 50, 5),
        bought(ago, 170, 15),
        bought(ago, 300, "19.70"),
    ]
    rows = [row | {"amount": Decimal(row["amount"])} for row in rows]
    found = one(
        features_of,
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


def test_ratios_of_somebody_who_got_everything_free_are_missing(features_of, ago) -> None:
    names = ["basket_last_over_mean", "spend_share_90d", "return_share_365d", "discount_share_365d"]
    rows = [bought(ago, 3, 0, discount=0)]
    assert one(features_of, names, transactions=rows) == dict.fromkeys(names)


@pytest.mark.parametrize(
    ("discounts", "share"),
    [
        pytest.param([5, 0], 5 / 25, id="one-of-two"),
        pytest.param([5, None], 5 / 25, id="null-is-no-discount"),
        pytest.param([None, 0], 0.0, id="none-given"),
    ],
)
def test_discount_share_is_of_the_price_before_discount(features_of, ago, discounts, share) -> None:
    rows = [bought(ago, 3 + i, 10, discount=discount) for i, discount in enumerate(discounts)]
    found = one(features_of, ["discount_share_365d"], transactions=rows)
    assert found["discount_share_365d"] == pytest.approx(share, **APPROX)


def test_decayed_purchases_fade_with_age(features_of, ago) -> None:
    rows = [bought(ago, 3), bought(ago, 60)]
    found = one(features_of, ["decayed_purchases_30d", "decayed_purchases_120d"], transactions=rows)
    assert found == pytest.approx(
        {
            "decayed_purchases_30d": exp(-3 / 30) + exp(-60 / 30),
            "decayed_purchases_120d": exp(-3 / 120) + exp(-60 / 120),
        },
        abs=1e-11,  # each weight is kept to twelve decimals, so that sums are exact
    )


RHYTHM = [
    "gap_mean_days",
    "gap_max_days",
    "gap_last_days",
    "gap_variation",
    "recency_over_gap_mean",
    "recency_over_gap_max",
]


def test_rhythm_measures_silence_in_own_gaps(features_of, ago) -> None:
    # Whole days ago 11, 21, 51: gaps of 10 (the last) and 30; mean 20, spread 10.
    rows = [bought(ago, days) for days in (12, 22, 52)]
    assert one(features_of, RHYTHM, transactions=rows) == pytest.approx(
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


def test_a_clockwork_customer_has_no_variation(features_of, ago) -> None:
    rows = [bought(ago, days) for days in (5, 12, 19, 26)]
    assert one(features_of, ["gap_variation"], transactions=rows) == {"gap_variation": 0}


def test_who_bought_once_has_no_rhythm(features_of, ago) -> None:
    assert one(features_of, RHYTHM, transactions=[bought(ago, 12.25), bought(ago, 12.5)]) == (
        dict.fromkeys(RHYTHM)
    )


def test_two_purchase_days_are_too_few_for_a_variation(features_of, ago) -> None:
    rows = [bought(ago, 12), bought(ago, 30)]
    assert one(features_of, ["gap_variation"], transactions=rows) == {"gap_variation": None}


RETURNS = [
    "return_days_90d",
    "return_days_365d",
    "returned_365d",
    "return_share_365d",
    "return_recency_days",
]


def test_returns_are_negative_amounts_and_no_purchases(features_of, ago) -> None:
    rows = [
        bought(ago, 20, 100),
        bought(ago, 10, -25),
        bought(ago, 10.5, -5),
        bought(ago, 200, -10),
    ]
    found = one(features_of, [*RETURNS, "recency_days", "purchase_days_365d"], transactions=rows)
    assert found == {
        "return_days_90d": 2,  # 10 days ago ends the tenth day, 10.5 lies in the eleventh
        "return_days_365d": 3,
        "returned_365d": 40,
        "return_share_365d": 0.4,
        "return_recency_days": 10,
        "recency_days": 20,
        "purchase_days_365d": 1,
    }


def test_who_returned_nothing_has_zero_and_no_date(features_of, ago) -> None:
    assert one(features_of, RETURNS, transactions=[bought(ago, 20)]) == {
        "return_days_90d": 0,
        "return_days_365d": 0,
        "returned_365d": 0,
        "return_share_365d": 0,
        "return_recency_days": None,
    }


def test_breadth_counts_different_things_once(features_of, ago) -> None:
    rows = [
        bought(ago, 5, product_id="p1", category="k1"),
        bought(ago, 6, product_id="p1", category="k1"),
        bought(ago, 200, product_id="p2", category="k2"),
        bought(ago, 7, product_id=None, category=None),
        bought(ago, 8, -3, product_id="p9", category="k9"),  # sent back
    ]
    assert one(
        features_of, ["products_365d", "products_90d", "categories_365d"], transactions=rows
    ) == {"products_365d": 2, "products_90d": 1, "categories_365d": 2}


ALIVE = {"customer_id": "a", "amount": 10}


@pytest.fixture
def alive(ago):
    return [ALIVE | {"occurred_at": ago(1)}]


COMPLAINTS = [
    "complaints_30d",
    "complaints_90d",
    "complaints_365d",
    "complaints_open",
    "complaint_open_days",
    "complaint_recency_days",
    "complaint_severity_max_365d",
    "complaint_resolution_days",
    "complaints_reopened_365d",
]


def complained(ago, opened, resolved, severity=None, reopened=None):
    return WHO | {
        "opened_at": ago(opened),
        "resolved_at": None if resolved is None else ago(resolved),
        "severity": severity,
        "reopened": reopened,
    }


def test_complaints_are_counted_as_far_as_they_are_known(features_of, ago, alive) -> None:
    rows = [
        complained(ago, 10, None, 4.0),  # open
        complained(ago, 60, 58, 2.0, True),  # two days
        complained(ago, 300, 296, 3.0, False),  # four days
        complained(ago, 20, -1, 1.0, True),  # will be resolved tomorrow: open, and not reopened yet
    ]
    assert one(features_of, COMPLAINTS, transactions=alive, complaints=rows) == {
        "complaints_30d": 2,
        "complaints_90d": 3,
        "complaints_365d": 4,
        "complaints_open": 2,
        "complaint_open_days": 20,
        "complaint_recency_days": 10,
        "complaint_severity_max_365d": 4,
        "complaint_resolution_days": 3,
        "complaints_reopened_365d": 1,
    }


def test_who_never_complained_has_zeros_and_nulls(features_of, ago, alive) -> None:
    other = [complained(ago, 10, 9, 5.0, True) | {"customer_id": "b"}]
    counts = {"complaints_30d", "complaints_90d", "complaints_365d", "complaints_open"}
    counts |= {"complaints_reopened_365d"}
    assert one(features_of, COMPLAINTS, transactions=alive, complaints=other) == {
        name: 0 if name in counts else None for name in COMPLAINTS
    }


def test_a_resolution_before_the_complaint_takes_no_part_in_the_mean(
    features_of, ago, alive
) -> None:
    rows = [complained(ago, 10, 30), complained(ago, 50, 44)]
    found = one(features_of, ["complaint_resolution_days"], transactions=alive, complaints=rows)
    assert found == {"complaint_resolution_days": 6}


ACTIVITY = ["activity_30d", "activity_90d", "activity_recency_days", "activity_share_30d"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([1, 2, 40, 100], [2, 3, 1, 2 / 3], id="some"),
        pytest.param([100], [0, 0, 100, None], id="none-this-quarter"),
        pytest.param([], [0, 0, None, None], id="never"),
    ],
)
def test_activity_counts_events_and_not_days(features_of, ago, alive, days, expected) -> None:
    rows = [WHO | {"occurred_at": ago(day)} for day in days]
    rows += [{"customer_id": "b", "occurred_at": ago(1)}]
    assert one(features_of, ACTIVITY, transactions=alive, activity=rows) == dict(
        zip(ACTIVITY, expected, strict=True)
    )


SURVEYS = ["csat_mean_365d", "nps_mean_365d", "ces_mean_365d", "survey_recency_days"]


def test_survey_means_keep_metrics_apart(features_of, ago, alive) -> None:
    rows = [
        WHO | {"answered_at": ago(days), "metric": metric, "score": score}
        for days, metric, score in (
            (10, "csat", 4.0),
            (20, "csat", 1.0),
            (5, "nps", 0.0),
            (364, "nps", 9.0),
        )
    ]
    assert one(features_of, SURVEYS, transactions=alive, surveys=rows) == {
        "csat_mean_365d": 2.5,
        "nps_mean_365d": 4.5,
        "ces_mean_365d": None,
        "survey_recency_days": 5,
    }


PAYMENTS = ["payments_overdue", "payment_overdue_days", "payment_delay_days"]


@pytest.mark.parametrize(
    ("due_and_paid", "expected"),
    [
        pytest.param([(10, None), (40, 37), (70, 71)], [1, 10, 1], id="late-early-and-never"),
        pytest.param([(10, -3)], [1, 10, None], id="paid-in-the-future"),
        pytest.param([(10, 10)], [0, None, 0], id="on-the-day"),
        pytest.param([(-5, None), (-5, 1)], [0, None, None], id="not-due-yet"),
    ],
)
def test_payments_are_overdue_as_far_as_known(
    features_of, ago, alive, due_and_paid, expected
) -> None:
    rows = [
        WHO | {"due_at": ago(due), "paid_at": None if paid is None else ago(paid)}
        for due, paid in due_and_paid
    ]
    rows += [{"customer_id": "b", "due_at": ago(3), "paid_at": ago(3)}]
    assert one(features_of, PAYMENTS, transactions=alive, payments=rows) == dict(
        zip(PAYMENTS, expected, strict=True)
    )


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
def test_tenure_counts_from_sign_up(features_of, ago, alive, customer, expected) -> None:
    row = WHO | {name: ago(days) for name, days in customer.items()}
    other = {"customer_id": "b", "signed_up_at": ago(7)}
    assert one(features_of, ["tenure_days"], transactions=alive, customers=[row, other]) == {
        "tenure_days": expected
    }
