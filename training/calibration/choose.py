"""Which calibrator the number of outcomes can bear, and probabilities within one period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.calibration.beta import fit_beta
from training.calibration.isotonic import fit_isotonic
from training.calibration.platt import fit_platt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.scores import FloatArray

FOLDS = 5

METHODS: tuple[tuple[int, str, Callable[[FloatArray, FloatArray], Calibrator]], ...] = (
    (0, "platt", fit_platt),
    (200, "beta", fit_beta),
    (5_000, "isotonic", fit_isotonic),
)
"""From how many of the rarer outcome on a method is used, and its name.

Measured by ``benchmarks/calibrators.py``, on scores that are off in six ways: a second slope pays
from about 200 on. A free staircase pays from about 1,500 on where the future is like the past; as
periods differ by more than that, it is used from 5,000 on.
"""


def choose_calibrator(log_odds: FloatArray, churned: FloatArray) -> Calibrator:
    """Fit the most flexible calibrator that the number of outcomes can bear.

    Parameters
    ----------
    log_odds : what the model said of customers that it was not trained on, shape (n,).
    churned : what came, shape (n,).

    Raises
    ------
    NotReady
        If the model ranks no better than chance.

    Examples
    --------
    >>> z = np.linspace(-2, 2, 300)
    >>> came = (np.random.default_rng(0).random(300) < 1 / (1 + np.exp(-z))) * 1.0
    >>> choose_calibrator(z, came).to_json()["kind"]
    'platt'
    """
    rarer = min(churned.sum(), (1 - churned).sum())
    fit = next(fit for fewest, _, fit in reversed(METHODS) if rarer >= fewest)
    return fit(log_odds, churned)


def cross_fitted(log_odds: FloatArray, churned: FloatArray, *, seed: int) -> FloatArray:
    """Return calibrated probabilities, each customer's by a calibrator fitted on other folds.

    Random folds over customers of one instant: this checks the calibrator, not the passing of
    time, and stands in only where the log is too short for a second period.

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
        learned = choose_calibrator(log_odds[~held], churned[~held])
        p_churn[held] = learned.probability(log_odds[held])
    return p_churn
