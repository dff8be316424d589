"""Complaints count as far as they were known."""

from __future__ import annotations

import pytest

WHO = {"customer_id": "a"}


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


def test_complaints_are_counted_as_far_as_they_are_known(one, ago, alive) -> None:
    rows = [
        complained(ago, 10, None, 4.0),  # open
        complained(ago, 60, 58, 2.0, True),  # two days
        complained(ago, 300, 296, 3.0, False),  # four days
        complained(ago, 20, -1, 1.0, True),  # will be resolved tomorrow: open, and not reopened yet
    ]
    assert one(COMPLAINTS, transactions=alive, complaints=rows) == {
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


def test_who_never_complained_has_zeros_and_nulls(one, ago, alive) -> None:
    other = [complained(ago, 10, 9, 5.0, True) | {"customer_id": "b"}]
    counts = {"complaints_30d", "complaints_90d", "complaints_365d", "complaints_open"}
    counts |= {"complaints_reopened_365d"}
    assert one(COMPLAINTS, transactions=alive, complaints=other) == {
        name: 0 if name in counts else None for name in COMPLAINTS
    }


def test_a_resolution_before_the_complaint_takes_no_part_in_the_mean(one, ago, alive) -> None:
    rows = [complained(ago, 10, 30), complained(ago, 50, 44)]
    found = one(["complaint_resolution_days"], transactions=alive, complaints=rows)
    assert found == {"complaint_resolution_days": 6}


HANDLING = [
    "complaint_severity_mean_365d",
    "complaints_resolved_48h_share",
    "complaint_resolution_max_days",
    "complaint_resolution_recency_days",
    "complaints_change_90d",
    "complaints_per_purchase_day_365d",
]


def test_handling_is_judged_by_what_was_resolved_by_then(one, ago, alive, bought) -> None:
    rows = [
        complained(ago, 10, 8, 4.0),  # two days: 48 hours are in time
        complained(ago, 100, 60, 1.0),  # forty
        complained(ago, 120, 119, None),  # one, not graded
        complained(ago, 95, -1, 1.0),  # not resolved yet
    ]
    assert one(HANDLING, transactions=[*alive, bought(50)], complaints=rows) == {
        "complaint_severity_mean_365d": 2,
        "complaints_resolved_48h_share": pytest.approx(2 / 3, rel=1e-12),
        "complaint_resolution_max_days": 40,
        "complaint_resolution_recency_days": 8,
        "complaints_change_90d": 1 - 3,
        "complaints_per_purchase_day_365d": 2,
    }


def test_handling_of_nobodys_complaint_is_unknown(one, ago, alive) -> None:
    other = [complained(ago, 10, 9, 5.0, True) | {"customer_id": "b"}]
    zeros = {"complaints_change_90d": 0, "complaints_per_purchase_day_365d": 0}
    expected = dict.fromkeys(HANDLING) | zeros
    assert one(HANDLING, transactions=alive, complaints=other) == expected
