"""Boosted trees: directions are kept, and what is asked for differs from what is usual."""

from __future__ import annotations

import numpy as np

from ebbtide.bundle.model_files import read_single
from training.models.boosting import fit_boosting

N = 1200
RANKED = np.random.default_rng(0).random((N, 3))
WAVE = np.sin(9 * RANKED[:, 0])
CHURNED = (np.random.default_rng(1).random(N) < 1 / (1 + np.exp(-2 * WAVE))).astype(float)
GRID = np.column_stack([np.linspace(0, 1, 50), np.full(50, 0.5), np.full(50, 0.5)])


def along_the_first(**named):
    text = fit_boosting(RANKED, CHURNED, seed=0, **named)[1]
    return read_single("lightgbm", text).log_odds(GRID)


def test_risk_only_rises_where_the_direction_says_so() -> None:
    assert (np.diff(along_the_first()) < 0).any()
    assert (np.diff(along_the_first(directions=[1, 0, 0])) >= 0).all()
    assert (np.diff(along_the_first(directions=[-1, 0, 0])) <= 0).all()


def test_parameters_win_over_what_the_rows_suggest() -> None:
    wide = fit_boosting(RANKED, CHURNED, seed=0, parameters={"min_data_in_leaf": 600})[1]
    assert "[min_data_in_leaf: 600]" in wide
