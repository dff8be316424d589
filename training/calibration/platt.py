"""Platt's line, learned from log-odds that a model gave to customers of a later time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import PlattCalibrator, sigmoid

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

BRING_MORE = "Bring more customers, older data, or columns and tables that say more of them"
"""What may make a model better, of events as of a flat table."""


def fit_platt(log_odds: FloatArray, churned: FloatArray) -> PlattCalibrator:
    """Fit slope and intercept by maximum likelihood with Platt's smoothed targets.

    Parameters
    ----------
    log_odds : what the model said, shape (n,).
    churned : what came, shape (n,).

    Raises
    ------
    NotReady
        If the model ranks no better than chance, so that no rising line fits.

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, 1999; Newton's method as in H.-T.
    Lin, C.-J. Lin, R. Weng, A note on Platt's probabilistic outputs, 2007.

    Examples
    --------
    >>> z = np.linspace(-3, 3, 2001)
    >>> fitted = fit_platt(z, (sigmoid(2 * z + 1) > np.random.default_rng(0).random(2001)) * 1.0)
    >>> round(fitted.slope), round(fitted.intercept)
    (2, 1)
    """
    leavers, stayers = churned.sum(), (1 - churned).sum()
    targets = np.where(churned == 1, (leavers + 1) / (leavers + 2), 1 / (stayers + 2))
    design = np.column_stack([log_odds, np.ones_like(log_odds)])
    weights = np.array([1.0, 0.0])
    for _ in range(100):
        p = sigmoid(design @ weights)
        gradient = design.T @ (p - targets)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    if not weights[0] > 0:
        raise NotReady(
            "The model ranks customers that it did not learn from no better than chance, so its "
            f"scores cannot be calibrated. {BRING_MORE}."
        )
    return PlattCalibrator(slope=float(weights[0]), intercept=float(weights[1]))
