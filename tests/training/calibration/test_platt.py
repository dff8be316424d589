"""Calibration recovers what distorted the scores, and refuses what cannot be calibrated."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import sigmoid
from training.calibration import aligned, cross_fitted, fit_platt
from training.evaluation.measures import calibration_error


def _outcomes(log_odds: np.ndarray, *, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).random(len(log_odds)) < sigmoid(log_odds)
    return drawn.astype(float)


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [
        pytest.param(1.0, 0.0, id="nothing to mend"),
        pytest.param(0.5, -1.0, id="scores too extreme and too high"),
        pytest.param(2.0, 1.5, id="scores too timid and too low"),
    ],
)
def test_slope_and_intercept_are_recovered(slope: float, intercept: float) -> None:
    said = np.random.default_rng(1).normal(0, 1.5, 40_000)
    fitted = fit_platt(said, _outcomes(slope * said + intercept, seed=2))
    assert fitted.slope == pytest.approx(slope, rel=0.05)
    assert fitted.intercept == pytest.approx(intercept, abs=0.05)


def test_calibrated_probabilities_come_true() -> None:
    said = np.random.default_rng(3).normal(0, 2, 20_000)
    truth = 0.4 * said - 0.8
    fitted = fit_platt(said, _outcomes(truth, seed=4))
    later = _outcomes(truth, seed=5)
    assert calibration_error(later, fitted.probability(said)) < 0.02
    assert calibration_error(later, sigmoid(said)) > 0.1


def test_scores_that_rank_backwards_are_refused() -> None:
    said = np.linspace(-2, 2, 2_000)
    with pytest.raises(NotReady, match="did not learn from no better than chance"):
        fit_platt(said, _outcomes(-said, seed=6))


def test_separable_scores_do_not_run_away() -> None:
    said = np.concatenate([np.full(50, -5.0), np.full(50, 5.0)])
    fitted = fit_platt(said, (said > 0).astype(float))
    assert np.isfinite([fitted.slope, fitted.intercept]).all()
    assert 0.9 < fitted.probability(np.array([5.0]))[0] < 1.0


def test_a_level_that_the_refit_has_learned_is_not_counted_twice() -> None:
    """The period's level was in the calibrator; the refitted model now knows it itself."""
    rng = np.random.default_rng(9)
    before = rng.normal(0, 1, 20_000)
    level = 1.2
    line = fit_platt(before, _outcomes(before + level, seed=10))
    after = before + level
    later = _outcomes(before + level, seed=11)
    assert calibration_error(later, line.probability(after)) > 0.1
    served = aligned(line, before=before, after=after)
    assert calibration_error(later, served.probability(after)) < 0.02
    assert served.slope == line.slope


def test_no_customer_helps_to_calibrate_itself() -> None:
    said = np.random.default_rng(7).normal(0, 1, 500)
    came = _outcomes(said, seed=8)
    before = cross_fitted(said, came, seed=0)
    flipped = came.copy()
    flipped[0] = 1 - flipped[0]
    after = cross_fitted(said, flipped, seed=0)
    assert after[0] == before[0]
    assert (after != before).any()
