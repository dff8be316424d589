"""Logistic regression on ranks, with a weight of its own for a missing value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from ebbtide.scorer.linear import LinearModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray

PARAMETERS: dict[str, object] = {"C": 0.1, "max_iter": 2000}
"""``C`` is the variance of the weights' prior, on ranks that run from 0 to 1."""


def fit_logistic(
    ranked: FloatArray,
    churned: FloatArray,
    *,
    seed: int,
    categories: Mapping[int, int] | None = None,
    parameters: Mapping[str, object] | None = None,
    weights: FloatArray | None = None,
) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : unused, since the fit is exact; kept so that all kinds are fitted alike.
    categories : columns of categories with the number of their places; each place gets a weight.
    parameters : what differs from ``PARAMETERS``.
    weights : how much each row counts, shape (n,); None if all count alike.
    """
    del seed
    places = {column: np.arange(size) for column, size in (categories or {}).items()}
    plain = [column not in places for column in range(ranked.shape[1])]
    missing = np.isnan(ranked) & plain
    filled = np.where(missing, 0.5, ranked) * plain
    centers, missing_centers = filled.mean(axis=0), missing.mean(axis=0)
    is_at = {column: ranked[:, [column]] == each for column, each in places.items()}
    shares = {column: held.mean(axis=0) for column, held in is_at.items()}
    terms = np.hstack(
        [
            filled - centers,
            missing - missing_centers,
            *(held - shares[column] for column, held in is_at.items()),
        ]
    )
    regression = LogisticRegression(**{**PARAMETERS, **(parameters or {})})
    regression.fit(terms, churned, sample_weight=weights)
    found = np.split(regression.coef_[0], np.cumsum([len(centers)] * 2 + _sizes(shares))[:-1])
    model = LinearModel(
        intercept=float(regression.intercept_[0]),
        weights=found[0],
        missing_weights=found[1],
        centers=centers,
        missing_centers=missing_centers,
        categories={
            column: _centred(own, shares[column])
            for column, own in zip(shares, found[2:], strict=True)
        },
    )
    return "linear.json", json.dumps(model.to_json(), sort_keys=True) + "\n"


def _sizes(shares: Mapping[int, FloatArray]) -> list[int]:
    return [len(share) for share in shares.values()]


def _centred(weights: FloatArray, shares: FloatArray) -> FloatArray:
    """Return each place's log-odds against the average row; zero where training had no such row."""
    mean = float(np.sum(weights * shares))
    return np.where(shares > 0, weights - mean, 0.0)
