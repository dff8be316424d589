"""Beta calibration, learned: a slope for each end of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from ebbtide.scorer.calibrator import sigmoid
from ebbtide.scorer.calibrator_beta import BetaCalibrator, beta_columns
from training.calibration.platt import fit_platt

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

_STEPS = 100
_RIDGE = 1.0
"""Of the difference between the two slopes: a few outcomes' worth, so that few bend no curve."""


def fit_beta(log_odds: FloatArray, churned: FloatArray) -> BetaCalibrator:
    """Fit both slopes and the intercept by maximum likelihood with Platt's smoothed targets.

    Parameters
    ----------
    log_odds : what the model said, shape (n,).
    churned : what came, shape (n,).

    Raises
    ------
    NotReady
        If the model ranks no better than chance.

    Notes
    -----
    Scores are first put where a line would put them, so that the bend lies at even odds and not
    wherever a model's own scale has its zero. A slope that would not rise is held at a tenth of
    the line's, and the rest is fitted beside it: a level that belongs to another slope is wrong.

    References
    ----------
    M. Kull, T. Silva Filho, P. Flach, Beta calibration, AISTATS 2017; targets from J. Platt, 1999.

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(0, 2, 20_000)
    >>> bent = np.where(z < 0, 0.5 * z, 2.0 * z)
    >>> curve = fit_beta(z, (np.random.default_rng(1).random(20_000) < sigmoid(bent)) * 1.0)
    >>> bool(curve.high > 1.5 > 1.0 > curve.low)
    True
    """
    line = fit_platt(log_odds, churned)
    offset = -line.intercept / line.slope
    leavers, stayers = churned.sum(), (1 - churned).sum()
    targets = np.where(churned == 1, (leavers + 1) / (leavers + 2), 1 / (stayers + 2))
    low, high = beta_columns(log_odds - offset)
    # In half sum and half difference of the slopes, so that the ridge is on the bend alone.
    design = np.column_stack([low + high, high - low, np.ones_like(low)])
    ridge = np.diag([0.0, _RIDGE, 0.0])
    weights = np.array([line.slope, 0.0, 0.0])
    for _ in range(_STEPS):
        p = sigmoid(design @ weights)
        gradient = design.T @ (p - targets) + ridge @ weights
        curvature = (design * (p * (1 - p))[:, None]).T @ design + ridge + 1e-9 * np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    mean, bend = float(weights[0]), float(weights[1])
    curve = np.array([mean - bend, mean + bend, float(weights[2])])
    least = 0.1 * line.slope
    if curve[:2].min() < least:
        curve = _held(np.column_stack([low, high, np.ones_like(low)]), targets, curve, least=least)
    return BetaCalibrator(
        low=float(curve[0]),
        high=float(curve[1]),
        intercept=float(curve[2]),
        offset=float(offset),
    )


def _held(
    design: FloatArray, targets: FloatArray, start: FloatArray, *, least: float
) -> FloatArray:
    """Return both slopes, at least so steep, and the intercept that is likeliest beside them."""

    def loss(given: FloatArray) -> tuple[float, FloatArray]:
        z, bend = design @ given, (given[1] - given[0]) / 2
        total = float((np.logaddexp(0.0, z) - targets * z).sum()) + _RIDGE * bend**2 / 2
        slope = design.T @ (sigmoid(z) - targets)
        return total, slope + _RIDGE * bend / 2 * np.array([-1.0, 1.0, 0.0])

    bounds = [(least, None), (least, None), (None, None)]
    inside = np.append(np.maximum(start[:2], least), start[2])
    options = {"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1000}
    found = minimize(loss, inside, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    return np.asarray(found.x, dtype=np.float64)
