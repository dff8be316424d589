"""Probabilities of customers whom a calibrator did not learn from, within one period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.calibration.platt import fit_platt

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

FOLDS = 5


def cross_fitted(log_odds: FloatArray, churned: FloatArray, *, seed: int) -> FloatArray:
    """Return calibrated probabilities, each customer's by a line fitted on the other folds.

    Random folds over customers of one instant: this checks the line, not the passing of time, and
    stands in only where the log is too short for a second period.

    Parameters
    ----------
    log_odds : what the model said of customers that it was not trained on, shape (n,).
    churned : what came, shape (n,).
    seed : of the folds.
    """
    fold = np.random.default_rng(seed).permutation(len(churned)) % FOLDS
    p_churn = np.empty(len(churned))
    for index in range(FOLDS):
        held = fold == index
        p_churn[held] = fit_platt(log_odds[~held], churned[~held]).probability(log_odds[held])
    return p_churn
