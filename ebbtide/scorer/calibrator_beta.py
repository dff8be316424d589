"""Beta calibration: a curve through the log-odds that bends once, with a slope for each end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ebbtide.scorer.calibrator import sigmoid

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaCalibrator:
    """``log-odds of p = low * ln(s) - high * ln(1 - s) + intercept``, s the score's probability.

    Parameters
    ----------
    low : slope of the log-odds among the safest, > 0.
    high : slope among those most at risk, > 0; equal to ``low``, the curve is Platt's line.
    intercept : log-odds added to everybody.
    offset : taken off the raw scores first, log-odds.

    References
    ----------
    M. Kull, T. Silva Filho, P. Flach, Beta calibration: a well-founded and easily implemented
    improvement on logistic calibration for binary classifiers, AISTATS 2017.

    Examples
    --------
    >>> curve = BetaCalibrator(low=1.0, high=1.0, intercept=0.0)
    >>> curve.probability(np.array([0.0])).tolist()
    [0.5]
    """

    low: float
    high: float
    intercept: float
    offset: float = 0.0

    def probability(self, log_odds: FloatArray) -> FloatArray:
        """Return calibrated probabilities in (0, 1), same shape."""
        columns = beta_columns(log_odds - self.offset)
        return sigmoid(self.low * columns[0] + self.high * columns[1] + self.intercept)

    def moved(self, by: float) -> Self:
        """Return the calibrator for scores to which ``by`` was added: it takes it off again."""
        return replace(self, offset=self.offset + by)

    def raised(self, by: float) -> Self:
        """Return the calibrator whose every promise is higher by so much log-odds."""
        return replace(self, intercept=self.intercept + by)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {
            "kind": "beta",
            "low": self.low,
            "high": self.high,
            "intercept": self.intercept,
            "offset": self.offset,
        }


def beta_columns(log_odds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``ln(s)`` and ``-ln(1 - s)`` of scores, whose sum is their log-odds.

    Examples
    --------
    >>> [round(float(column[0]), 4) for column in beta_columns(np.array([2.0]))]
    [-0.1269, 2.1269]
    """
    rest = np.log1p(np.exp(-np.abs(log_odds)))
    return np.minimum(log_odds, 0.0) - rest, np.maximum(log_odds, 0.0) + rest
