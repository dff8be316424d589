"""What is typical of stayers and of leavers: of groups, never of single customers."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.words import Words
from training.explanation.typical import FEWEST, typical_by_outcome
from training.snapshots import Snapshot


def contract(name, learned=None):
    return FeatureContract(
        name=name,
        family="f",
        table="transactions",
        unit="days",
        meaning=name,
        reason=Words("{value}", "{value}"),
        cause="disengagement",
        learned=learned,
    )


NUMBER = contract("days")
PLAN = contract("plan", Learned(kind="category", categories=("basic", "gold")))


def taken(column, churned):
    rows = np.array(column, dtype=np.float64)[:, None]
    return Snapshot(
        as_of=datetime(2025, 1, 1, tzinfo=UTC),
        customer_ids=np.array([str(at) for at in range(len(rows))]),
        rows=rows,
        ranked=rows,
        scales=(),
        churned=None if churned is None else np.array(churned, dtype=np.float64),
    )


def typical(snapshots, feature=NUMBER):
    found = typical_by_outcome(snapshots, features=[feature])
    return found.stayers[0], found.leavers[0]


def test_each_group_has_the_median_of_all_matured_snapshots():
    first = taken([1.0] * 10 + [5.0] * 30, [1] * 10 + [0] * 30)
    second = taken([3.0] * 15 + [9.0] * 10, [1] * 15 + [0] * 10)
    assert typical([first, second]) == (5.0, 3.0)


def test_a_snapshot_whose_outcome_is_open_takes_no_part():
    known = taken([1.0] * 20 + [5.0] * 20, [1] * 20 + [0] * 20)
    unknown = taken([99.0] * 100, None)
    assert typical([known, unknown]) == (5.0, 1.0)
    np.testing.assert_equal(typical([unknown]), (np.nan, np.nan))


@pytest.mark.parametrize(("count", "is_said"), [(FEWEST - 1, False), (FEWEST, True)])
def test_nothing_is_said_of_a_handful(count, is_said):
    leavers = typical([taken([5.0] * 50 + [1.0] * count, [0] * 50 + [1] * count)])[1]
    assert (leavers == 1.0) == is_said
    assert np.isnan(leavers) != is_said


def test_where_most_of_a_group_have_no_value_there_is_no_typical_one():
    np.testing.assert_equal(
        typical([taken([5.0] * 50 + [1.0] * 20 + [np.nan] * 21, [0] * 50 + [1] * 41)]),
        (5.0, np.nan),
    )


def test_a_sum_of_money_is_rounded_so_that_it_is_nobodys():
    assert typical([taken([1034.27] * 41 + [0.123456] * 41, [0] * 41 + [1] * 41)]) == (1030, 0.123)


def test_of_categories_the_commonest_counts():
    column = [0.0] * 30 + [1.0] * 20 + [1.0] * 25 + [0.0] * 10
    assert typical([taken(column, [0] * 50 + [1] * 35)], PLAN) == (0.0, 1.0)
