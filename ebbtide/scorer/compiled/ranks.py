"""Ranks of all features in one pass of compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.categories import CategoryScale
from ebbtide.scorer.compiled.interpolate import write_ranks
from ebbtide.scorer.compiled.threads import in_parts
from ebbtide.scorer.ranks import RankScale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray

_ROWS_A_THREAD = 4096
_NUMBER = -1


class CompiledRanks:
    """What :func:`~ebbtide.scorer.ranks.rank_columns` does with certain scales, to the bit.

    Parameters
    ----------
    scales : of the features, in their order: ranks of a number, or places of a category.
    """

    def __init__(self, scales: Sequence[Scale]) -> None:
        knots = [scale if isinstance(scale, RankScale) else _NO_KNOTS for scale in scales]
        counts = [scale.count if isinstance(scale, CategoryScale) else _NUMBER for scale in scales]
        self._n_features = len(scales)
        self._arguments = (
            np.cumsum([0, *(len(each.values) for each in knots)], dtype=np.int64),
            np.array([value for each in knots for value in each.values], dtype=np.float64),
            np.array([rank for each in knots for rank in each.ranks], dtype=np.float64),
            np.array(counts, dtype=np.int64),
        )

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Return the ranks of rows, shape (n, features)."""
        if rows.ndim != 2 or rows.shape[1] != self._n_features:
            raise ValueError(f"Expected rows of {self._n_features} features, found others.")
        values = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.empty(values.shape)
        in_parts(
            len(values),
            lambda begin, end: write_ranks(values, *self._arguments, begin, end, out),
            least_rows=_ROWS_A_THREAD,
        )
        return out


_NO_KNOTS = RankScale(values=(), ranks=())
