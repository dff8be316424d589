"""Isotonic calibration: a rising line from block to block of customers, with no step in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ebbtide.scorer.calibrator import sigmoid

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotonicCalibrator:
    """Straight lines between the centres of blocks, in log-odds.

    Between two centres the line rises, and beyond the first and the last it goes on rising, so
    that two customers whom the model tells apart are never made equal.

    Parameters
    ----------
    scores : mean raw score of each block, strictly rising; at least 2.
    log_odds : log-odds of the share that churned in each block, strictly rising.
    tail_slope : log-odds per unit of score beyond the first and last centre, > 0.
    offset : taken off the raw scores first, log-odds.

    References
    ----------
    B. Zadrozny, C. Elkan, Transforming classifier scores into accurate multiclass probability
    estimates, KDD 2002.

    Examples
    --------
    >>> steps = IsotonicCalibrator(scores=(-1.0, 1.0), log_odds=(-2.0, 2.0), tail_slope=1.0)
    >>> steps.probability(np.array([0.0])).tolist()
    [0.5]
    """

    scores: tuple[float, ...]
    log_odds: tuple[float, ...]
    tail_slope: float
    offset: float = 0.0
    _knots: tuple[FloatArray, FloatArray] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the knots as numpy reads them."""
        object.__setattr__(self, "_knots", (np.array(self.scores), np.array(self.log_odds)))

    def probability(self, log_odds: FloatArray) -> FloatArray:
        """Return calibrated probabilities in (0, 1), same shape."""
        score = log_odds - self.offset
        inside = np.interp(score, *self._knots)
        below = np.minimum(score - self.scores[0], 0.0)
        above = np.maximum(score - self.scores[-1], 0.0)
        return sigmoid(inside + self.tail_slope * (below + above))

    def moved(self, by: float) -> Self:
        """Return the calibrator for scores to which ``by`` was added: it takes it off again."""
        return replace(self, offset=self.offset + by)

    def raised(self, by: float) -> Self:
        """Return the calibrator whose every promise is higher by so much log-odds."""
        return replace(self, log_odds=tuple(each + by for each in self.log_odds))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {
            "kind": "isotonic",
            "scores": list(self.scores),
            "log_odds": list(self.log_odds),
            "tail_slope": self.tail_slope,
            "offset": self.offset,
        }
