"""Scores from 1 to 5 and the split into high and low, for one fact, as learned from a snapshot.

What is learned are a few values of the fact itself, so that a single customer later gets the score
that they would have had in the snapshot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray

SCORES = (1, 2, 3, 4, 5)
"""From the worst to the best fifth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreScale:
    """Where a fact's scores begin, and where high is split from low.

    Parameters
    ----------
    more_is_better : True for spend, False for days since the last purchase.
    split : what lies beyond it on the better side is high; what equals it is low.
    bounds : the value from which the score is 2, 3, 4 and 5; None where nobody reached a score.
    """

    more_is_better: bool
    split: float
    bounds: tuple[float | None, ...]

    @classmethod
    def of(
        cls, values: FloatArray, *, more_is_better: bool, split: float | Literal["mean"]
    ) -> ScoreScale:
        """Learn the scale from the values of a snapshot.

        The score is the fifth in which a value's mid-rank lies: the share of customers with worse
        values plus half of those with the same. Equal values share a score, a better value never
        scores less, and where few distinct values exist some scores go to nobody. The arithmetic
        is in whole numbers, and the mean is the exact sum rounded once, so that the order of the
        customers cannot matter.

        Parameters
        ----------
        values : one for each customer, at least one, shape (n,); infinite is worst.
        more_is_better : whether more is better.
        split : "mean", or the share of customers in (0, 1) whom a high value must beat.

        Examples
        --------
        >>> days = np.array([1.0, 2.0, 2.0, 2.0, 300.0])
        >>> scale = ScoreScale.of(days, more_is_better=False, split="mean")
        >>> scale.split, scale.bounds
        (61.4, (2.0, 2.0, 1.0, 1.0))
        >>> scale.scores(days)
        array([5, 3, 3, 3, 1])
        >>> ScoreScale.of(days, more_is_better=False, split=0.5).is_high(days)
        array([ True, False, False, False, False])
        """
        sign = 1.0 if more_is_better else -1.0
        distinct, counts = np.unique(sign * values, return_counts=True)
        twice_mid_rank = 2 * np.cumsum(counts) - counts
        scores = twice_mid_rank * len(SCORES) // (2 * values.size) + 1
        bounds = []
        for score in SCORES[1:]:
            reached = distinct[scores >= score]
            bounds.append(float(sign * reached[0]) if reached.size else None)
        if split == "mean":
            finite = values[np.isfinite(values)]
            middle = math.fsum(finite.tolist()) / max(1, finite.size)
        else:
            middle = float(sign * np.quantile(sign * values, split, method="inverted_cdf"))
        return cls(more_is_better=more_is_better, split=middle, bounds=tuple(bounds))

    def scores(self, values: FloatArray) -> NDArray[np.int64]:
        """Return the score of each value, 1 to 5; a value between two takes that of the worse."""
        scores = np.ones(values.shape, dtype=np.int64)
        for bound in self.bounds:
            if bound is not None:
                scores += values >= bound if self.more_is_better else values <= bound
        return scores

    def is_high(self, values: FloatArray) -> NDArray[np.bool_]:
        """Return whether each value lies beyond the split, on the better side."""
        return values > self.split if self.more_is_better else values < self.split

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "more_is_better": self.more_is_better,
            "split": self.split,
            "bounds": list(self.bounds),
        }

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> ScoreScale:
        """Return the scale that was written by ``to_json``."""
        return cls(
            more_is_better=read["more_is_better"],
            split=read["split"],
            bounds=tuple(read["bounds"]),
        )
