"""A logistic regression on ranks that starts from another outcome of the same customers.

Steps of a curve have few rows. So each may lean on one direction without penalty to speak of: the
ranks that say who churns at all; what differs from it is drawn to zero. Missing values are taken as
``ebbtide.scorer.linear`` takes them; columns of categories are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from ebbtide.scorer.linear import LinearModel

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

OWN_VARIANCE = 0.01
"""Prior variance of a weight beside the direction, on ranks that run from 0 to 1."""

PLAIN_VARIANCE = 0.1
"""Prior variance of a weight where there is no direction."""

DIRECTION_SCALE = 5.0
"""By how much the direction is stretched, so that its own prior is 25 times as wide."""


def fit_linear(
    ranked: FloatArray, outcome: FloatArray, *, direction: LinearModel | None = None
) -> LinearModel:
    """Fit a regression by maximum a posteriori likelihood.

    Parameters
    ----------
    ranked : ranks of the rows, NaN where missing, shape (n, features).
    outcome : 1 or 0, both of them there, shape (n,).
    direction : a regression of another outcome on the same features; None to start from zero.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ranked = rng.random((4000, 2))
    >>> fitted = fit_linear(ranked, (rng.random(4000) < ranked[:, 0]) * 1.0)
    >>> bool(fitted.weights[0] > 3), bool(abs(fitted.weights[1]) < 0.5)
    (True, True)
    """
    missing = np.isnan(ranked)
    filled = np.where(missing, 0.5, ranked)
    centers, missing_centers = filled.mean(axis=0), missing.mean(axis=0)
    terms = np.hstack([filled - centers, missing - missing_centers])
    variance = PLAIN_VARIANCE
    if direction is not None:
        along = np.concatenate([direction.weights, direction.missing_weights])
        terms = np.column_stack([terms, DIRECTION_SCALE * (terms * along).sum(axis=1)])
        variance = OWN_VARIANCE
    with threadpool_limits(1, user_api="blas"):  # sums of one order: equal bytes on any machine
        fitted = LogisticRegression(C=variance, max_iter=2000).fit(terms, outcome)
    weights = fitted.coef_[0][: 2 * ranked.shape[1]]
    if direction is not None:
        weights = weights + DIRECTION_SCALE * fitted.coef_[0][-1] * along
    return LinearModel(
        intercept=float(fitted.intercept_[0]),
        weights=weights[: ranked.shape[1]],
        missing_weights=weights[ranked.shape[1] :],
        centers=centers,
        missing_centers=missing_centers,
    )
