"""Exact contributions of trees, in compiled code: eight rows at a time.

Let ``v(S)`` be what a tree is expected to say when only the features in ``S`` are known, those
unknown going either way as often as rows did in training. Its multilinear extension mixes all
``v(S)``, each feature being known with probability ``t``; a feature's Shapley value is the
integral over ``t`` of the extension's derivative towards that feature (Owen). Along a path of
``d`` different features the derivative is a polynomial of degree ``d - 1``, so that Gauss's
quadrature with ``d / 2`` nodes, rounded up, is exact; nothing is sampled.

At one node ``t`` the extension is computed from the leaves up: a split sends the weight ``w`` to
the left and ``1 - w`` to the right, ``w = z + u (o - z)``. There ``z`` is the share that went left
in training, ``o`` is 1 if the row goes left, else 0, and ``u`` says how much of the weight that
arrives comes from the feature's being known: ``t``, where the path has not asked the feature
before; ``t / (t + (1 - t) s)`` where it has, ``s`` being the product of the shares on the path so
far; 0 where the row left the path at an earlier split on the feature. The derivative needs
``h (o - z) (low - high)`` of each split, times the weight that arrives there, ``h`` being 1,
``s / (t + (1 - t) s)^2`` and 0. All ``u`` and ``h`` are tabled when a model is read.

This costs some ten operations for each split and node, where the algorithm of Lundberg and others
costs the square of the depth for each leaf.

References
----------
G. Owen, Multilinear extensions of games, Management Science 18(5), 1972.
S. M. Lundberg, G. Erion, H. Chen et al., From local explanations to global understanding with
explainable AI for trees, Nature Machine Intelligence 2, 2020.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled
from ebbtide.scorer.compiled.pack_paths import MOST_NODES
from ebbtide.scorer.compiled.places import write_places
from ebbtide.scorer.compiled.vectors import (
    at_most,
    chosen,
    load,
    minus,
    number_at,
    plus,
    splat,
    store,
    times,
    times_plus,
    vector,
    whole_at,
)

LANES = 8
_ROWS = (0.0,) * LANES
_BYTES = 8 * LANES
_ALL = (1 << LANES) - 1
_RECORD, _H = 64, 8 * MOST_NODES


@compiled
def explain_eights(
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
    """Explain rows, eight at a time.

    Parameters
    ----------
    rows : ranks, shape (n, features).
    layout, thresholds, words : see :class:`~ebbtide.scorer.compiled.pack.Columns`.
    starts, records, leaves : see :class:`~ebbtide.scorer.compiled.pack.Splits`.
    nodes, nested, nested_starts, earlier, was_left, weights, factors : see
        :class:`~ebbtide.scorer.compiled.pack_paths.Paths`.
    out : where contributions go, shape (n, features).
    """
    like = vector(_ROWS)
    one, zero = splat(like, 1.0), splat(like, 0.0)
    n, features = rows.shape
    trees = len(nodes)
    most = 1
    for tree in range(trees):
        most = max(most, starts[tree + 1] - starts[tree])
    places = np.empty((len(layout), LANES), dtype=np.uint16)
    scratch = np.empty((4 * most + 2 + MOST_NODES * features) * LANES)
    at_sum = (scratch.ctypes.data + _BYTES - 1) // _BYTES * _BYTES
    at_weight = at_sum + (2 * most + 1) * _BYTES
    at_turn = at_weight + most * _BYTES
    at_parts = at_turn + most * _BYTES
    goes = np.empty(most, dtype=np.int64)
    alive = np.empty(most, dtype=np.int64)
    for split in range(most):
        alive[split] = _ALL
    at_places, at_alive = places.ctypes.data, alive.ctypes.data
    at_records, at_factors = records.ctypes.data, factors.ctypes.data
    for begin in range(0, n, LANES):
        end = min(begin + LANES, n)
        write_places(rows, begin, end, layout, thresholds, words, places)
        for at in range(MOST_NODES * features):
            store(at_parts + at * _BYTES, zero)
        for tree in range(trees):
            start, splits = starts[tree], starts[tree + 1] - starts[tree]
            at_tree = at_records + start * _RECORD
            if splits == 0:
                continue
            for leaf in range(splits + 1):
                value = leaves[start + tree + leaf]
                store(at_sum + (splits + leaf) * _BYTES, splat(like, value))
            for split in range(splits):
                record = at_tree + split * _RECORD
                column = at_places + whole_at(record + 16) * (2 * LANES)
                bits = at_most(like, column, whole_at(record + 20), whole_at(record + 24))
                goes[split] = bits
                share = splat(like, number_at(record + 40))
                turn = chosen(bits, minus(one, share), minus(zero, share))
                store(at_turn + split * _BYTES, turn)
            for at in range(nested_starts[tree], nested_starts[tree + 1]):
                before = earlier[at]
                bits = goes[before] if was_left[at] else ~goes[before]
                alive[nested[at] - start] = alive[before] & bits
            for q in range(nodes[tree]):
                at_u = at_factors + q * 8
                store(at_weight, splat(like, weights[nodes[tree] - 1, 1, q]))
                for split in range(1, splits):
                    record = at_tree + split * _RECORD
                    up = whole_at(record + 8)
                    above = at_tree + up * _RECORD
                    u = splat(like, number_at(at_u + whole_at(above + 28)))
                    u = chosen(whole_at(at_alive + up * 8), u, zero)
                    turn = load(like, at_turn + up * _BYTES)
                    w = times_plus(u, turn, splat(like, number_at(above + 40)))
                    sign, added = number_at(record + 48), number_at(record + 56)
                    w = times_plus(w, splat(like, sign), splat(like, added))
                    w = times(load(like, at_weight + up * _BYTES), w)
                    store(at_weight + split * _BYTES, w)
                at_part = at_parts + q * features * _BYTES
                for split in range(splits - 1, -1, -1):
                    record, here = at_tree + split * _RECORD, split * _BYTES
                    at_factor = at_u + whole_at(record + 28)
                    bits = whole_at(at_alive + split * 8)
                    u = chosen(bits, splat(like, number_at(at_factor)), zero)
                    h = chosen(bits, splat(like, number_at(at_factor + _H)), zero)
                    turn = load(like, at_turn + here)
                    w = times_plus(u, turn, splat(like, number_at(record + 40)))
                    low = load(like, at_sum + whole_at(record) * _BYTES)
                    high = load(like, at_sum + whole_at(record + 4) * _BYTES)
                    step = minus(low, high)
                    store(at_sum + here, times_plus(w, step, high))
                    step = times(step, times(h, turn))
                    at_feature = at_part + whole_at(record + 12) * _BYTES
                    arrives = load(like, at_weight + here)
                    store(at_feature, times_plus(arrives, step, load(like, at_feature)))
            for at in range(nested_starts[tree], nested_starts[tree + 1]):
                alive[nested[at] - start] = _ALL
        for feature in range(features):
            total = load(like, at_parts + feature * _BYTES)
            for q in range(1, MOST_NODES):
                total = plus(total, load(like, at_parts + (q * features + feature) * _BYTES))
            store(at_sum, total)
            for lane in range(end - begin):
                out[begin + lane, feature] = number_at(at_sum + lane * 8)
    scratch[0] = 0.0  # used here so that it lives as long as its addresses
