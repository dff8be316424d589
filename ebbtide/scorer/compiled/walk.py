"""What trees add up to, in compiled code.

Few rows walk down many trees at once; many rows ask all splits of a tree and keep the leaves that
they may still reach (see ``sets``). Leaves are added in the order of the trees either way, so that
both give LightGBM's own bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled
from ebbtide.scorer.compiled.places import write_places
from ebbtide.scorer.compiled.sets import FEW_LEAVES, MOST_LEAVES, cut, full_sets, store_lowest
from ebbtide.scorer.compiled.vectors import bits_at, whole_at

BLOCK = 32
_TOGETHER = 16
"""So many walks wait for memory at the same time."""


@compiled
def walk_few(
    rows: Any,
    layout: Any,
    thresholds: Any,
    words: Any,
    roots: Any,
    depths: Any,
    nodes: Any,
    values: Any,
    out: Any,
) -> None:
    """Add up the trees for few rows, one at a time.

    Parameters
    ----------
    rows : ranks, shape (n, features).
    layout, thresholds, words : see :class:`~ebbtide.scorer.compiled.pack.Columns`.
    roots, depths, nodes, values : see :class:`~ebbtide.scorer.compiled.pack.Nodes`.
    out : where the sums go, shape (n,).
    """
    places = np.empty((len(layout), 1), dtype=np.uint16)
    at = np.empty(_TOGETHER, dtype=np.uint32)
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    trees = len(roots)
    for row in range(len(rows)):
        write_places(rows, row, row + 1, layout, thresholds, words, places)
        total = 0.0
        for tree in range(0, trees, _TOGETHER):
            depth = 0
            for walk in range(_TOGETHER):
                each = min(tree + walk, trees - 1)
                at[walk] = roots[each]
                depth = max(depth, depths[each])
            for _ in range(depth):
                for walk in range(_TOGETHER):
                    node = np.uint64(at[walk]) * four
                    asked = nodes[node + one]
                    place = np.uint16(places[np.uint64(nodes[node]), 0] - np.uint16(asked))
                    goes_left = place <= np.uint16(asked >> np.uint32(16))
                    at[walk] = nodes[node + two] if goes_left else nodes[node + three]
            for walk in range(min(_TOGETHER, trees - tree)):
                total += values[np.uint64(at[walk])]
        out[row] = total


@compiled
def walk_many(
    rows: Any,
    layout: Any,
    thresholds: Any,
    words: Any,
    starts: Any,
    splits: Any,
    leaves: Any,
    out: Any,
) -> None:
    """Add up the trees for many rows, ``BLOCK`` of them at a time.

    Parameters
    ----------
    rows : ranks, shape (n, features).
    layout, thresholds, words : see :class:`~ebbtide.scorer.compiled.pack.Columns`.
    starts, splits, leaves : see :class:`~ebbtide.scorer.compiled.pack.Splits`.
    out : where the sums go, shape (n,).
    """
    places = np.empty((len(layout), BLOCK), dtype=np.uint16)
    lowest = np.empty(BLOCK, dtype=np.int32)
    totals = np.empty(BLOCK)
    at_places, at_lowest, at_splits = places.ctypes.data, lowest.ctypes.data, splits.ctypes.data
    for begin in range(0, len(rows), BLOCK):
        end = min(begin + BLOCK, len(rows))
        write_places(rows, begin, end, layout, thresholds, words, places)
        for lane in range(BLOCK):
            totals[lane] = 0.0
        for tree in range(len(starts) - 1):
            count = starts[tree + 1] - starts[tree]
            first_leaf = starts[tree] + tree
            at_tree = at_splits + starts[tree] * 64
            if count < FEW_LEAVES:
                few = full_sets(BLOCK, FEW_LEAVES)
                for split in range(count):
                    record = at_tree + split * 64
                    column = at_places + whole_at(record + 16) * (2 * BLOCK)
                    first, limit = whole_at(record + 20), whole_at(record + 24)
                    few = cut(few, column, first, limit, bits_at(record + 32))
                store_lowest(at_lowest, few)
            elif count < MOST_LEAVES:
                many = full_sets(BLOCK, MOST_LEAVES)
                for split in range(count):
                    record = at_tree + split * 64
                    column = at_places + whole_at(record + 16) * (2 * BLOCK)
                    first, limit = whole_at(record + 20), whole_at(record + 24)
                    many = cut(many, column, first, limit, bits_at(record + 32))
                store_lowest(at_lowest, many)
            if count < MOST_LEAVES:
                for lane in range(BLOCK):
                    totals[lane] += leaves[first_leaf + lowest[lane]]
                continue
            for lane in range(BLOCK):
                node = 0
                while node < count:
                    record = at_tree + node * 64
                    place = np.uint16(
                        places[whole_at(record + 16), lane] - np.uint16(whole_at(record + 20))
                    )
                    goes_left = place <= np.uint16(whole_at(record + 24))
                    node = whole_at(record) if goes_left else whole_at(record + 4)
                totals[lane] += leaves[first_leaf + node - count]
        for lane in range(end - begin):
            out[begin + lane] = totals[lane]
