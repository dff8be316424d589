"""Bins that are laid at training, and counted again later."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ebbtide.drift.spread import Spread

VALUES = st.one_of(st.just(np.nan), st.sampled_from([-1.0, 0.0, 3.0]), st.floats(-1e6, 1e6))
COLUMNS = st.integers(0, 300).flatmap(lambda n: arrays(float, n, elements=VALUES))


@given(COLUMNS, COLUMNS)
def test_every_value_lies_in_one_bin_or_is_missing(column, other):
    spread = Spread.of(column)
    assert spread.total + spread.missing == len(column)
    assert spread.count(other).sum() == (~np.isnan(other)).sum()
    assert len(spread.counts) <= 103


@given(COLUMNS, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(column, random):
    shuffled = column.copy()
    random.shuffle(shuffled)
    assert Spread.of(shuffled) == Spread.of(column)


@given(COLUMNS)
def test_json_gives_back_the_same_spread(column):
    spread = Spread.of(column)
    assert Spread.from_json(json.loads(json.dumps(spread.to_json()))) == spread


@given(COLUMNS)
def test_groups_follow_the_order_of_the_bins(column):
    groups = Spread.of(column).groups()
    assert np.all(np.isin(np.diff(groups), (0, 1)))
    assert len(np.unique(groups)) <= 10


def test_groups_of_a_smooth_column_hold_a_tenth_each():
    spread = Spread.of(np.arange(10_000.0))
    shares = np.bincount(spread.groups(), weights=spread.counts) / spread.total
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.011)


def test_what_lies_outside_of_all_that_was_seen_has_bins_of_its_own():
    spread = Spread.of(np.full(500, 7.0))
    assert spread.count(np.array([6.9, 7.0, 7.0, 7.1])).tolist() == [1, 2, 1]
    assert spread.groups().tolist() == [0, 1, 2]


def test_rare_categories_are_one_group_and_what_was_not_learned_another():
    spread = Spread(edges=None, counts=(500, 2, 490, 3, 0), missing=0)
    assert spread.groups().tolist() == [1, 0, 2, 0, 3]


def test_a_category_that_was_not_learned_is_counted_last():
    spread = Spread.of_places(np.array([0.0, 1.0, 1.0]), count=2)
    assert spread.count(np.array([-1.0, 5.0, 1.0, np.nan])).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"edges": [2.0, 1.0], "counts": [1, 1, 1], "missing": 0},
        {"edges": [1.0], "counts": [1], "missing": 0},
        {"edges": [1.0], "counts": [1, -1], "missing": 0},
        {"edges": [1.0], "counts": [1, 0.5], "missing": 0},
        {"edges": None, "counts": [], "missing": 0},
        {"edges": [float("inf")], "counts": [1, 1], "missing": 0},
        {"edges": None, "counts": [1], "missing": True},
    ],
    ids=["falling", "a-count-less", "below-zero", "a-half", "no-bins", "infinite", "true"],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        Spread.from_json(wrong)
