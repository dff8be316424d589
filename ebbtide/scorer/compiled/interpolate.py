"""Ranks and places of categories, in compiled code: the bits of ``numpy.interp``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled

BLOCK = 32


@compiled
def write_ranks(
    rows: Any, starts: Any, values: Any, ranks: Any, counts: Any, begin: int, end: int, out: Any
) -> None:
    """Write what a model reads of rows.

    Parameters
    ----------
    rows : values, shape (n, features).
    starts : where the knots of each feature begin, shape (features + 1,).
    values, ranks : of all knots.
    counts : how many categories each feature has; -1 for a number.
    begin, end : which rows.
    out : where ranks go, shape (n, features).
    """
    column, lows = np.empty(BLOCK), np.empty(BLOCK, dtype=np.uint32)
    for first in range(begin, end, BLOCK):
        lanes = min(BLOCK, end - first)
        for feature in range(len(counts)):
            if counts[feature] >= 0:
                for lane in range(lanes):
                    row = first + lane
                    out[row, feature] = _category(rows[row, feature], counts[feature])
                continue
            low, count = starts[feature], starts[feature + 1] - starts[feature]
            if count == 0:
                for lane in range(lanes):
                    out[first + lane, feature] = np.nan
                continue
            last = low + count - 1
            for lane in range(lanes):
                column[lane], lows[lane] = rows[first + lane, feature], low
            while count > 1:
                half = np.uint32(count >> 1)
                for lane in range(lanes):
                    at = lows[lane]
                    is_above = values[np.uint64(at + half)] <= column[lane]
                    lows[lane] = at + half if is_above else at
                count -= half
            for lane in range(lanes):
                rank = _between(column[lane], np.int64(lows[lane]), low, last, values, ranks)
                out[first + lane, feature] = np.float64(np.float32(rank))


@compiled
def _between(value: float, at: int, low: int, last: int, values: Any, ranks: Any) -> float:
    """Return the rank of a value whose knot, or whose feature's first knot, is ``at``."""
    if np.isnan(value):
        return value
    if at == last or (at == low and value < values[low]) or values[at] == value:
        return ranks[at]
    slope = (ranks[at + 1] - ranks[at]) / (values[at + 1] - values[at])
    rank = slope * (value - values[at]) + ranks[at]
    if np.isnan(rank):
        rank = slope * (value - values[at + 1]) + ranks[at + 1]
        if np.isnan(rank) and ranks[at] == ranks[at + 1]:
            rank = ranks[at]
    return rank


@compiled
def _category(value: float, count: int) -> float:
    if np.isnan(value):
        return count
    return np.floor(value) if 0 <= value < count else count + 1.0
