"""Logistic regression on ranks, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """A weight for each feature's rank, and one for its being missing.

    Parameters
    ----------
    intercept : log-odds of a row of average customers.
    weights : log-odds per unit of rank, shape (features,).
    missing_weights : log-odds where the feature is missing, shape (features,).
    centers : mean rank in training, missing ones counted as 0.5, shape (features,).
    missing_centers : share missing in training, shape (features,).

    Notes
    -----
    With centred terms, each feature's term is its exact Shapley value under independent features.
    """

    intercept: float
    weights: FloatArray
    missing_weights: FloatArray
    centers: FloatArray
    missing_centers: FloatArray

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's share of the log-odds, shape (n, features)."""
        missing = np.isnan(ranked)
        filled = np.where(missing, 0.5, ranked)
        return (filled - self.centers) * self.weights + (
            missing - self.missing_centers
        ) * self.missing_weights

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds, shape (n,); the same for a row whatever rows come with it."""
        terms = np.ascontiguousarray(self.contributions(ranked).T)
        total = np.full(ranked.shape[0], self.intercept)
        for term in terms:
            total += term
        return total

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {
            "intercept": self.intercept,
            "weights": self.weights.tolist(),
            "missing_weights": self.missing_weights.tolist(),
            "centers": self.centers.tolist(),
            "missing_centers": self.missing_centers.tolist(),
        }
