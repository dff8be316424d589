"""Places of values among the thresholds of a model, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled

_KIND_NONE, _KIND_ZERO, _KIND_SET = 0, 1, 3
_ZERO = float(np.float32(1e-35))
"""LightGBM takes what is no further from zero for zero."""
_INSIDE, _OUTSIDE = 1, 2


@compiled
def write_places(
    rows: Any, begin: int, end: int, layout: Any, thresholds: Any, words: Any, places: Any
) -> None:
    """Write the places of some rows, shape (columns, lanes); the last row fills what is left.

    Parameters
    ----------
    rows : values, shape (n, features).
    begin, end : which rows, at most as many as there are lanes.
    layout, thresholds, words : see :class:`~ebbtide.scorer.compiled.pack.Columns`.
    places : where they go, numbers of 16 bits.

    Notes
    -----
    All lanes take each step of the search together: none waits for another's memory.
    """
    lanes = places.shape[1]
    values, lows = np.empty(lanes), np.empty(lanes, dtype=np.uint32)
    for column in range(len(layout)):
        feature, kind = layout[column, 0], layout[column, 1]
        low, high = layout[column, 2], layout[column, 3]
        for lane in range(lanes):
            values[lane] = rows[min(begin + lane, end - 1), feature]
        if kind == _KIND_SET:
            for lane in range(lanes):
                places[column, lane] = _place_in_set(values[lane], low, high, words)
            continue
        if kind == _KIND_NONE:
            for lane in range(lanes):
                values[lane] = 0.0 if np.isnan(values[lane]) else values[lane]
        for lane in range(lanes):
            lows[lane] = low
        count = high - low
        while count > 1:
            half = np.uint32(count >> 1)
            for lane in range(lanes):
                at = lows[lane]
                is_above = thresholds[np.uint64(at + half - np.uint32(1))] < values[lane]
                lows[lane] = at + half if is_above else at
            count -= half
        for lane in range(lanes):
            value, at = values[lane], lows[lane]
            place = at - low + 1 + (thresholds[np.uint64(at)] < value)
            is_missing = np.isnan(value) or (kind == _KIND_ZERO and abs(value) <= _ZERO)
            places[column, lane] = 0 if is_missing else place


@compiled
def _place_in_set(value: float, low: int, high: int, words: Any) -> int:
    if not (value > -1.0 and value < 2147483648.0):  # NaN is neither
        return _OUTSIDE
    category = np.int64(value)
    word = low + (category >> 5)
    if word >= high or not (words[word] >> np.uint32(category & 31)) & np.uint32(1):
        return _OUTSIDE
    return _INSIDE
