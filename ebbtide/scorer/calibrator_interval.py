"""How sure a probability is: an interval around it, from knots that training computed.

The interval is of the probability, not of the outcome: of many customers who are promised the
same, a share within it is expected to churn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ebbtide.scorer.calibrator import logit, sigmoid

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

_MARGIN = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityInterval:
    """Room below and above a promise, in log-odds, at knots of the raw score.

    Parameters
    ----------
    scores : raw scores of the knots, strictly rising; at least 1.
    below : room below the promise at each knot, log-odds, >= 0.
    above : room above it, log-odds, >= 0.
    level_spread : log-odds by which either bound lies further out, >= 0: how far levels have been
        from their forecast.
    offset : taken off the raw scores first, log-odds.

    Examples
    --------
    >>> band = ProbabilityInterval(scores=(0.0,), below=(0.4,), above=(0.5,), level_spread=0.1)
    >>> low, high = band.around(np.array([0.5]), log_odds=np.array([3.0]))
    >>> [round(float(bound[0]), 3) for bound in (low, high)]
    [0.378, 0.646]
    """

    scores: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    level_spread: float
    offset: float = 0.0
    _knots: tuple[FloatArray, FloatArray, FloatArray] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the knots as numpy reads them."""
        knots = tuple(np.array(each) for each in (self.scores, self.below, self.above))
        object.__setattr__(self, "_knots", knots)

    def around(self, p_churn: FloatArray, *, log_odds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the bounds around probabilities, which always lie between them.

        Parameters
        ----------
        p_churn : calibrated probabilities, shape (n,).
        log_odds : the raw scores that they were made of, shape (n,).
        """
        score = log_odds - self.offset
        promised = logit(p_churn, margin=_MARGIN)
        scores, of_below, of_above = self._knots
        below = np.interp(score, scores, of_below) + self.level_spread
        above = np.interp(score, scores, of_above) + self.level_spread
        low, high = sigmoid(promised - below), sigmoid(promised + above)
        return np.minimum(low, p_churn), np.maximum(high, p_churn)

    def moved(self, by: float) -> Self:
        """Return the interval for scores to which ``by`` was added: it takes it off again."""
        return replace(self, offset=self.offset + by)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {
            "scores": list(self.scores),
            "below": list(self.below),
            "above": list(self.above),
            "level_spread": self.level_spread,
            "offset": self.offset,
        }
