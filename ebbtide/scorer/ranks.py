"""Feature values as ranks among the living customers of one snapshot.

A rank says where a value stands among customers seen with the same length of history, so it does
not drift when the log grows. Each training snapshot is ranked against itself; a scored row is
ranked against the newest snapshot that training saw, which is stored in the bundle. The same value
therefore always gets the same rank, whatever rows come with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray

MAX_KNOTS = 256


class Scale(Protocol):
    """From values of one feature to what a model reads."""

    def rank(self, column: FloatArray) -> FloatArray:
        """Return what a model reads of each value, shape (n,)."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankScale:
    """A piecewise linear map from values to mid-ranks in [0, 1].

    Parameters
    ----------
    values : distinct values of the reference snapshot, rising; at most 256, empty if all missing.
    ranks : share of the reference that lies below each value, ties counted half.
    """

    values: tuple[float, ...]
    ranks: tuple[float, ...]

    @classmethod
    def of(cls, column: FloatArray) -> RankScale:
        """Learn the scale of one feature from a reference snapshot.

        Parameters
        ----------
        column : values of the feature, shape (n,); NaN is missing and takes no part.

        Examples
        --------
        >>> RankScale.of(np.array([1.0, 2.0, 2.0, 5.0]))
        RankScale(values=(1.0, 2.0, 5.0), ranks=(0.125, 0.5, 0.875))
        """
        present = column[~np.isnan(column)]
        if present.size == 0:
            return cls(values=(), ranks=())
        values, counts = np.unique(present, return_counts=True)
        ranks = (np.cumsum(counts) - counts / 2) / present.size
        if values.size > MAX_KNOTS:
            grid = np.linspace(ranks[0], ranks[-1], MAX_KNOTS)
            kept = np.unique(np.searchsorted(ranks, grid).clip(0, values.size - 1))
            values, ranks = values[kept], ranks[kept]
        return cls(values=tuple(values.tolist()), ranks=tuple(ranks.tolist()))

    def rank(self, column: FloatArray) -> FloatArray:
        """Return the ranks of values, shape (n,), rounded to single precision; NaN stays NaN."""
        if not self.values:
            return np.full(column.shape, np.nan)
        ranks = np.interp(column, self.values, self.ranks)
        ranks[np.isnan(column)] = np.nan  # of a single knot, numpy gives even NaN its rank
        return ranks.astype(np.float32).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {"values": list(self.values), "ranks": list(self.ranks)}


def rank_columns(scales: Sequence[Scale], rows: FloatArray) -> FloatArray:
    """Return the ranks of rows, shape (n, features), each column on its own scale."""
    ranked = np.empty(rows.shape, dtype=np.float64)
    for index, scale in enumerate(scales):
        ranked[:, index] = scale.rank(rows[:, index])
    return ranked
