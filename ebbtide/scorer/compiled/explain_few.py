"""Exact contributions of trees, in compiled code: one row at a time.

The same operations in the same order as in ``explain``, which tells the method; there eight rows
are done at once, here all nodes of the quadrature. Each number gets the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled
from ebbtide.scorer.compiled.pack_paths import MOST_NODES
from ebbtide.scorer.compiled.places import write_places
from ebbtide.scorer.compiled.vectors import (
    load,
    minus,
    number_at,
    splat,
    store,
    times,
    times_plus,
    vector,
    whole_at,
)

_RECORD, _H, _ROW = 64, 8 * MOST_NODES, 16 * MOST_NODES


@compiled
def explain_few(
    lanes: Any,
    rows: Any,
    layout: Any,
    thresholds: Any,
    words: Any,
    starts: Any,
    records: Any,
    leaves: Any,
    nodes: Any,
    nested: Any,
    nested_starts: Any,
    earlier: Any,
    was_left: Any,
    weights: Any,
    factors: Any,
    out: Any,
) -> None:
    """Explain rows one at a time.

    Parameters
    ----------
    lanes : a tuple of 4, 8 or 16 doubles: as many as the largest of ``nodes``, or more.
    rows, out : as for :func:`~ebbtide.scorer.compiled.explain.explain_eights`, and all others.
    """
    like = vector(lanes)
    width = len(lanes)
    size = 8 * width
    n, features = rows.shape
    trees = len(nodes)
    most = 1
    for tree in range(trees):
        most = max(most, starts[tree + 1] - starts[tree])
    places = np.empty((len(layout), 1), dtype=np.uint16)
    scratch = np.empty((3 * most + 3 + features) * width)
    at_sum = (scratch.ctypes.data + size - 1) // size * size
    at_weight = at_sum + (2 * most + 1) * size
    at_parts = at_weight + most * size
    goes = np.empty(most, dtype=np.uint8)
    turns = np.empty(most)
    tables = np.empty(most, dtype=np.int64)
    at_turns, at_tables = turns.ctypes.data, tables.ctypes.data
    at_records, at_factors, at_weights = (
        records.ctypes.data,
        factors.ctypes.data,
        weights.ctypes.data,
    )
    for row in range(n):
        write_places(rows, row, row + 1, layout, thresholds, words, places)
        for at in range(features):
            store(at_parts + at * size, splat(like, 0.0))
        for tree in range(trees):
            start, splits = starts[tree], starts[tree + 1] - starts[tree]
            at_tree = at_records + start * _RECORD
            if splits == 0:
                continue
            for leaf in range(splits + 1):
                value = leaves[start + tree + leaf]
                store(at_sum + (splits + leaf) * size, splat(like, value))
            for split in range(splits):
                record = at_tree + split * _RECORD
                place = np.uint16(
                    places[np.uint64(whole_at(record + 16)), 0] - np.uint16(whole_at(record + 20))
                )
                goes_left = place <= np.uint16(whole_at(record + 24))
                share = number_at(record + 40)
                goes[split] = goes_left
                turns[split] = 1.0 - share if goes_left else 0.0 - share
                tables[split] = whole_at(record + 28)
            for at in range(nested_starts[tree], nested_starts[tree + 1]):
                before = earlier[at]
                if tables[before] == 0 or goes[before] != was_left[at]:
                    tables[nested[at] - start] = 0
            store(at_weight, load(like, at_weights + (nodes[tree] - 1) * _ROW + _H))
            for split in range(1, splits):
                record = at_tree + split * _RECORD
                up = whole_at(record + 8)
                above = at_tree + up * _RECORD
                u = load(like, at_factors + whole_at(at_tables + up * 8))
                turn = splat(like, number_at(at_turns + up * 8))
                w = times_plus(u, turn, splat(like, number_at(above + 40)))
                sign, added = number_at(record + 48), number_at(record + 56)
                w = times_plus(w, splat(like, sign), splat(like, added))
                store(at_weight + split * size, times(load(like, at_weight + up * size), w))
            for split in range(splits - 1, -1, -1):
                record, here = at_tree + split * _RECORD, split * size
                at_factor = at_factors + whole_at(at_tables + split * 8)
                u, h = load(like, at_factor), load(like, at_factor + _H)
                turn = splat(like, number_at(at_turns + split * 8))
                w = times_plus(u, turn, splat(like, number_at(record + 40)))
                low = load(like, at_sum + whole_at(record) * size)
                high = load(like, at_sum + whole_at(record + 4) * size)
                step = minus(low, high)
                store(at_sum + here, times_plus(w, step, high))
                step = times(step, times(h, turn))
                at_feature = at_parts + whole_at(record + 12) * size
                arrives = load(like, at_weight + here)
                store(at_feature, times_plus(arrives, step, load(like, at_feature)))
        for feature in range(features):
            at = at_parts + feature * size
            total = number_at(at)
            for q in range(1, width):
                total += number_at(at + q * 8)
            out[row, feature] = total
    scratch[0] = turns[0] = 0.0  # used here so that they live as long as their addresses
    tables[0] = 0
