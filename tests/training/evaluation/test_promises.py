"""Calibration measures by hand, against scikit-learn, and on promises whose fault is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from ebbtide.scorer.calibrator import logit, sigmoid
from training.evaluation.promises import (
    calibration_error_of,
    error_by_chance,
    log_losses,
    mean_of,
    promise_bins,
    recalibration,
    share_interval,
)

ONCE = np.ones((1, 4))


def promised(n: int = 20_000, *, steepness: float = 1.0, shift: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, n)
    return (rng.random(n) < sigmoid(truth)).astype(float), sigmoid(steepness * truth + shift)


def slope_and_intercept(churned, p_churn):
    slope, intercept = recalibration(churned, p_churn, np.ones((1, len(churned))))
    return float(slope[0]), float(intercept[0])


def test_the_log_loss_is_that_of_scikit_learn():
    churned, p_churn = promised(500)
    assert log_losses(churned, p_churn).mean() == pytest.approx(log_loss(churned, p_churn))
    assert np.isfinite(log_losses(np.array([1.0, 0.0]), np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("steepness", "shift", "slope", "intercept"),
    [
        pytest.param(1.0, 0.0, 1.0, 0.0, id="right"),
        pytest.param(2.0, 0.0, 0.5, None, id="too extreme"),
        pytest.param(0.5, 0.0, 2.0, None, id="too timid"),
        pytest.param(1.0, 0.7, 1.0, -0.7, id="too high everywhere"),
    ],
)
def test_slope_and_intercept_undo_what_was_done_to_the_promises(steepness, shift, slope, intercept):
    found = slope_and_intercept(*promised(steepness=steepness, shift=shift))
    assert found[0] == pytest.approx(slope, rel=0.05)
    if intercept is not None:
        assert found[1] == pytest.approx(intercept, abs=0.05)


def test_the_slope_is_that_of_a_logistic_regression():
    churned, p_churn = promised(2_000, steepness=1.3)
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p_churn)[:, None], churned)
    assert slope_and_intercept(churned, p_churn)[0] == pytest.approx(line.coef_[0, 0], rel=1e-4)


def test_the_intercept_makes_the_mean_promise_come_true():
    churned, p_churn = promised(2_000, steepness=1.3, shift=-0.4)
    _, intercept = slope_and_intercept(churned, p_churn)
    assert sigmoid(logit(p_churn) + intercept).mean() == pytest.approx(churned.mean(), abs=1e-4)


def test_resamples_are_fitted_each_for_itself():
    churned, p_churn = promised(400)
    counts = np.random.default_rng(1).multinomial(400, np.full(400, 1 / 400), size=3).astype(float)
    together = recalibration(churned, p_churn, counts)
    for place, row in enumerate(counts):
        alone = recalibration(churned, p_churn, row[None, :])
        assert together[0][place] == pytest.approx(alone[0][0], rel=1e-5)
        assert together[1][place] == pytest.approx(alone[1][0], abs=1e-5)


@pytest.mark.parametrize(
    ("churned", "p_churn"),
    [
        pytest.param([0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.7, 0.8], id="told apart completely"),
        pytest.param([0.0, 1.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5], id="promised the same"),
        pytest.param([1.0, 1.0, 1.0, 1.0], [0.1, 0.2, 0.7, 0.8], id="all left"),
    ],
)
def test_where_there_is_no_slope_none_is_made_up(churned, p_churn):
    slope, _ = recalibration(np.array(churned), np.array(p_churn), ONCE)
    assert np.isnan(slope[0])


def test_the_calibration_error_does_not_depend_on_the_order_of_rows():
    churned = np.array([1.0] * 25 + [0.0] * 75)
    p_churn = np.repeat([0.2, 0.3], 50)
    there = calibration_error_of(churned, p_churn)(np.ones((1, 100)))
    back = calibration_error_of(churned[::-1], p_churn[::-1])(np.ones((1, 100)))
    assert there == pytest.approx(back)
    assert there[0] == pytest.approx(0.5 * 0.3 + 0.5 * 0.3)  # of the first half 0.5, then none


def test_counts_are_the_same_as_copies_for_means_and_errors():
    churned, p_churn = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.4, 0.8, 0.6])
    counts = np.array([[2.0, 0.0, 1.0, 1.0]])
    assert mean_of(p_churn, counts)[0] == pytest.approx((0.2 + 0.8 + 0.6) / 4)
    gaps = abs(2 * -0.1) + 0 + abs(0.2) + abs(-0.6)
    assert calibration_error_of(churned, p_churn, bins=4)(counts)[0] == pytest.approx(gaps / 4)


def test_faultless_promises_show_the_error_of_chance():
    errors = []
    for seed in range(200):
        churned, p_churn = promised(600, seed=seed)
        errors.append(calibration_error_of(churned, p_churn)(np.ones((1, 600)))[0])
    assert np.mean(errors) == pytest.approx(error_by_chance(p_churn), rel=0.06)
    assert np.mean(np.array(errors) <= 1.5 * error_by_chance(p_churn)) > 0.95


def test_bins_hold_everybody_and_their_means():
    churned, p_churn = promised(1_003)
    bins = promise_bins(churned, p_churn)
    assert sum(each.n for each in bins) == 1_003
    assert max(each.n for each in bins) - min(each.n for each in bins) <= 1
    assert sum(each.n * each.came for each in bins) == pytest.approx(churned.sum())
    assert all(each.low <= each.came <= each.high for each in bins)
    assert [each.promised for each in bins] == sorted(each.promised for each in bins)


@pytest.mark.golden
def test_the_interval_of_a_share_is_wilsons():
    # Agresti and Coull 1998, American Statistician 52: 0 of 20 is 0 to 0.161 at 95 %.
    low, high = share_interval(0, 20)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.161, abs=5e-4)
