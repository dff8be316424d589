"""How much one column tells: honest columns little, the label in disguise all."""

from __future__ import annotations

import numpy as np
import pytest

from features.snapshot_table.telling import PERFECT_AUC, TOO_GOOD_AUC, column_auc, rank_auc

N = 2_000
RNG = np.random.default_rng(0)
CHURNED = (RNG.random(N) < 0.3).astype(float)


def test_the_auc_is_the_chance_that_a_leaver_scores_above_a_stayer() -> None:
    assert rank_auc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0])) == 0.75
    assert rank_auc(np.zeros(4), np.array([0.0, 1.0, 0.0, 1.0])) == 0.5


@pytest.mark.parametrize(
    ("values", "is_category"),
    [
        pytest.param(RNG.random(N), False, id="number"),
        pytest.param(RNG.integers(0, 300, N).astype(float), True, id="many-categories"),
        pytest.param(np.where(RNG.random(N) < 0.5, np.nan, 1.0), False, id="null-at-random"),
    ],
)
def test_a_column_of_noise_tells_nothing(values, is_category) -> None:
    """Out of fold, because churn shares of many small categories fit any label."""
    assert 0.45 < column_auc(values, CHURNED, is_category=is_category) < 0.55


@pytest.mark.parametrize(
    ("values", "is_category"),
    [
        pytest.param(CHURNED, False, id="the-label"),
        pytest.param(-CHURNED * 7, False, id="the-label-upside-down"),
        pytest.param(np.where(CHURNED == 1, 3.0, np.nan), False, id="null-for-stayers"),
        pytest.param(CHURNED + 2 * RNG.integers(0, 5, N), True, id="its-categories"),
    ],
)
def test_the_label_in_disguise_is_perfect(values, is_category) -> None:
    assert column_auc(values, CHURNED, is_category=is_category) >= PERFECT_AUC


def test_a_band_in_the_middle_is_found_though_no_order_tells_it() -> None:
    rng = np.random.default_rng(1)
    values = np.where(CHURNED == 1, 0.4 + 0.2 * rng.random(N), rng.random(N))
    assert rank_auc(values, CHURNED) < 0.6
    assert column_auc(values, CHURNED, is_category=False) > 0.85


def test_a_column_that_saw_most_outcomes_is_too_good_but_not_perfect() -> None:
    values = np.where(np.random.default_rng(2).random(N) < 0.97, CHURNED, 1 - CHURNED)
    assert TOO_GOOD_AUC < column_auc(values, CHURNED, is_category=True) < PERFECT_AUC
