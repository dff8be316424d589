"""From a model's log-odds to a calibrated probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PlattCalibrator:
    """A straight line through the log-odds: ``p = 1 / (1 + exp(-(slope * z + intercept)))``.

    Parameters
    ----------
    slope : > 0, so that the order of customers is kept; 1 changes nothing.
    intercept : log-odds added to everybody.

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, 1999.

    Examples
    --------
    >>> PlattCalibrator(slope=1.0, intercept=0.0).probability(np.array([0.0])).tolist()
    [0.5]
    """

    slope: float
    intercept: float

    def probability(self, log_odds: FloatArray) -> FloatArray:
        """Return calibrated probabilities in (0, 1), same shape."""
        return sigmoid(self.slope * log_odds + self.intercept)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {"kind": "platt", "slope": self.slope, "intercept": self.intercept}


def sigmoid(log_odds: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-log_odds))`` without overflow."""
    positive = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, positive) / (1.0 + positive)


def logit(probability: FloatArray, *, margin: float = 1e-4) -> FloatArray:
    """Return the log-odds of probabilities, kept ``margin`` away from 0 and 1."""
    inside = np.clip(probability, margin, 1 - margin)
    return np.log(inside) - np.log1p(-inside)
