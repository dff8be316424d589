"""What exact contributions need of each split, besides what scoring needs.

The share that goes left, the earlier split on the same feature, and the nodes of a quadrature that
is exact for the tree. The method is told in ``ebbtide.scorer.compiled.explain``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ebbtide.scorer.compiled.pack import IntArray
    from ebbtide.scorer.compiled.tree_arrays import Tree
    from ebbtide.scorer.scores import FloatArray

MOST_NODES = 16
"""So many nodes are exact for paths of twice as many different features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Splits of all trees, one after another, as their contributions are computed.

    Parameters
    ----------
    nodes : how many quadrature nodes each tree takes, shape (trees,).
    feature : what each split reads, shape (splits,).
    parent : the split above, within the tree; 0 for the root.
    is_right : whether it is the right child.
    share : of the rows in each split, those that go left in training.
    table : row of ``factors`` for each split: 0 where no row may come, else its own; splits on a
        feature that their path has not met share the row of their tree's quadrature.
    nested : splits on a feature that their path has met before, numbered over all trees.
    nested_starts : where those of each tree begin, shape (trees + 1,).
    earlier : for each nested split, the nearest split above it on the same feature, in its tree.
    was_left : whether the path goes to the left there.
    weights : nodes and weights of the quadrature of so many nodes less one, zeros after them, shape
        (MOST_NODES, 2, MOST_NODES).
    factors : ``u`` and ``h`` of each row at each node, shape (rows, 2, MOST_NODES): see
        ``explain``.
    """

    nodes: IntArray
    feature: IntArray
    parent: IntArray
    is_right: NDArray[np.float64]
    share: FloatArray
    table: IntArray
    nested: IntArray
    nested_starts: IntArray
    earlier: IntArray
    was_left: NDArray[np.uint8]
    weights: FloatArray
    factors: FloatArray


def pack_paths(trees: Sequence[Tree]) -> Paths | None:
    """Return what explains trees; None where a path has too many different features."""
    factors: list[FloatArray] = [np.zeros((2, MOST_NODES))]
    fresh_rows: dict[int, int] = {}
    nodes, table, nested, nested_starts, earlier, was_left = [], [], [], [0], [], []
    parents, rights = [], []
    start = 0
    for tree in trees:
        walked = _walk(tree)
        count = max(1, -(-walked.most_features // 2))
        if count > MOST_NODES:
            return None
        nodes.append(count)
        points = quadrature(count)[0]
        if count not in fresh_rows:
            fresh_rows[count] = len(factors)
            factors.append(_padded(points, np.ones(count)))
        for split, before in enumerate(walked.earlier):
            if before is None:
                table.append(fresh_rows[count])
                continue
            table.append(len(factors))
            nested.append(start + split)
            earlier.append(before.split)
            was_left.append(before.went_left)
            below = points + (1 - points) * before.share
            factors.append(_padded(points / below, before.share / below**2))
        nested_starts.append(len(nested))
        parents += walked.parent
        rights += walked.is_right
        start += len(tree.feature)
    return Paths(
        nodes=np.array(nodes, dtype=np.int32),
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        parent=np.array(parents, dtype=np.int32),
        is_right=np.array(rights, dtype=np.float64),
        share=np.concatenate(
            [tree.cover[tree.left] / tree.cover[: len(tree.left)] for tree in trees]
        ),
        table=np.array(table, dtype=np.int32),
        nested=np.array(nested, dtype=np.int32),
        nested_starts=np.array(nested_starts, dtype=np.int32),
        earlier=np.array(earlier, dtype=np.int32),
        was_left=np.array(was_left, dtype=np.uint8),
        weights=np.stack([_padded(*quadrature(n)) for n in range(1, MOST_NODES + 1)]),
        factors=np.stack(factors),
    )


def quadrature(count: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of Gauss and Legendre on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def _padded(points: FloatArray, values: FloatArray) -> FloatArray:
    padded = np.zeros((2, MOST_NODES))
    padded[:, : len(points)] = points, values
    return padded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The nearest split above on the same feature, and the share of all of them on the path."""

    split: int
    went_left: bool
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    earlier: list[_Before | None]
    parent: list[int]
    is_right: list[bool]
    most_features: int


def _walk(tree: Tree) -> _Walk:
    splits = len(tree.feature)
    feature, left, right = tree.feature.tolist(), tree.left.tolist(), tree.right.tolist()
    cover = tree.cover.tolist()
    met: list[dict[int, _Before]] = [{} for _ in range(splits)]
    parent, is_right = [0] * splits, [False] * splits
    most = 0
    for split in range(splits):
        above = met[split]
        before = above.get(feature[split])
        share = 1.0 if before is None else before.share
        most = max(most, len(above) + (before is None))
        for child, went_left in ((left[split], True), (right[split], False)):
            if child >= splits:
                continue
            parent[child], is_right[child] = split, not went_left
            met[child] = {
                **above,
                feature[split]: _Before(
                    split=split, went_left=went_left, share=share * cover[child] / cover[split]
                ),
            }
    return _Walk(
        earlier=[met[split].get(feature[split]) for split in range(splits)],
        parent=parent,
        is_right=is_right,
        most_features=most,
    )
