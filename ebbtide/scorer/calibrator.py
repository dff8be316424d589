"""From a model's raw score to a calibrated probability: what every kind promises, and a line.

The other kinds are in ``calibrator_beta`` and ``calibrator_isotonic``; ``calibrator_file`` reads
any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


class Calibrator(Protocol):
    """A rising map from raw scores to probabilities, as plain numbers.

    The same score gives the same bits alone and in any batch, and a higher score never a lower
    probability.
    """

    def probability(self, log_odds: FloatArray) -> FloatArray:
        """Return calibrated probabilities in (0, 1), same shape."""

    def moved(self, by: float) -> Self:
        """Return the calibrator for scores to which ``by`` was added: it takes it off again."""

    def raised(self, by: float) -> Self:
        """Return the calibrator whose every promise is higher by so much log-odds."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""


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

    def moved(self, by: float) -> Self:
        """Return the calibrator for scores to which ``by`` was added: it takes it off again."""
        return replace(self, intercept=self.intercept - self.slope * by)

    def raised(self, by: float) -> Self:
        """Return the calibrator whose every promise is higher by so much log-odds.

        Examples
        --------
        >>> PlattCalibrator(slope=2.0, intercept=0.5).raised(0.25)
        PlattCalibrator(slope=2.0, intercept=0.75)
        """
        return replace(self, intercept=self.intercept + by)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {"kind": "platt", "slope": self.slope, "intercept": self.intercept}


def sigmoid(log_odds: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-log_odds))`` without overflow."""
    positive = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, positive) / (1.0 + positive)


def logit(probability: FloatArray, *, margin: float = 1e-4) -> FloatArray:
    """Return the log-odds of probabilities, kept ``margin`` away from 0 and 1."""
    inside = np.minimum(np.maximum(probability, margin), 1 - margin)
    return np.log(inside) - np.log1p(-inside)
