"""Logistic regression on ranks, with a weight of its own for a missing value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from ebbtide.scorer.linear import LinearModel

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

PARAMETERS: dict[str, object] = {"C": 0.1, "max_iter": 2000}
"""``C`` is the variance of the weights' prior, on ranks that run from 0 to 1."""


def fit_logistic(ranked: FloatArray, churned: FloatArray, *, seed: int) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : unused, since the fit is exact; kept so that all kinds are fitted alike.
    """
    del seed
    missing = np.isnan(ranked)
    filled = np.where(missing, 0.5, ranked)
    centers, missing_centers = filled.mean(axis=0), missing.mean(axis=0)
    terms = np.hstack([filled - centers, missing - missing_centers])
    regression = LogisticRegression(**PARAMETERS)
    regression.fit(terms, churned)
    n_features = ranked.shape[1]
    model = LinearModel(
        intercept=float(regression.intercept_[0]),
        weights=regression.coef_[0, :n_features],
        missing_weights=regression.coef_[0, n_features:],
        centers=centers,
        missing_centers=missing_centers,
    )
    return "linear.json", json.dumps(model.to_json(), sort_keys=True) + "\n"
