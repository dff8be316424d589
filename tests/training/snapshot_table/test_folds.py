"""Folds are stratified, keep copies together, and depend on the seed only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.snapshot_table.folds import FOLDS, copies, stratified_folds


@pytest.mark.property
@given(
    n=st.integers(20, 300),
    share=st.floats(0.05, 0.95),
    groups=st.integers(10, 300),
    seed=st.integers(0, 5),
)
def test_copies_stay_together_and_leavers_are_spread(n, share, groups, seed) -> None:
    rng = np.random.default_rng(seed)
    group = np.unique(rng.integers(0, groups, n), return_inverse=True)[1]
    churned = (rng.random(n) < share).astype(float)
    fold = stratified_folds(churned, group, seed=seed)
    for each in np.unique(group):
        assert len(set(fold[group == each])) == 1
    leavers = np.bincount(fold, weights=churned, minlength=FOLDS)
    largest = np.bincount(group, weights=churned).max()
    assert leavers.max() - leavers.min() <= largest * (largest + 1) + 1


def test_single_rows_are_dealt_out_evenly() -> None:
    churned = np.array([1.0] * 101 + [0.0] * 404)
    fold = stratified_folds(churned, np.arange(505), seed=3)
    assert np.bincount(fold).tolist() == [101] * 5
    assert sorted(np.bincount(fold[churned == 1]).tolist()) == [20, 20, 20, 20, 21]


def test_another_seed_gives_other_folds_and_the_same_seed_the_same() -> None:
    churned = np.tile([1.0, 0.0], 50)
    first, again, other = (stratified_folds(churned, np.arange(100), seed=s) for s in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_equal_rows_are_copies_also_where_values_are_missing() -> None:
    rows = np.array([[1.0, np.nan], [1.0, np.nan], [1.0, 2.0], [np.nan, 1.0], [5.0, 5.0]])
    group = copies(rows)
    assert group[0] == group[1]
    assert len(set(group.tolist())) == 4


def test_where_repeats_are_the_rule_rows_stand_alone() -> None:
    """Two flags have four different rows: they are no copies, and four groups make no folds."""
    rows = np.random.default_rng(0).integers(0, 2, (100, 2)).astype(float)
    assert copies(rows).tolist() == list(range(100))
