"""Trees as the compiled code reads them: values become small numbers once, for all trees.

A *column* is what a group of splits needs of a feature: the place of a value among all thresholds
that the model has for it, or whether a category is in one certain set. A split then asks whether
``place - first`` is at most ``limit``, both without a sign: the place of a missing value is 0, so
that ``first`` = 1 sends it to the right, as the largest number there is, and ``first`` = 0 to the
left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.scorer.compiled.pack_paths import pack_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.compiled.pack_paths import Paths
    from ebbtide.scorer.compiled.tree_arrays import IndexArray, Tree
    from ebbtide.scorer.scores import FloatArray

IntArray = NDArray[np.int32]

MOST_THRESHOLDS = 60_000
"""Places are numbers of 16 bits."""

_KIND_SET = 3
_LARGEST_PLACE = 65_535
_MOST_LEAVES_IN_A_SET = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What becomes of values.

    Parameters
    ----------
    layout : for each column its feature, its kind, and where its thresholds (or, of a set, its
        words) begin and end, shape (columns, 4). Kinds 0 to 2 are places, by which values are
        missing, as in ``Tree.missing``; 3 is a set.
    thresholds : of all columns, rising within each.
    words : of all sets, 32 categories each.
    """

    layout: IntArray
    thresholds: FloatArray
    words: NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """The inner nodes of all trees one after another, parents before their children.

    Parameters
    ----------
    starts : where the inner nodes of each tree begin, and the last end, shape (trees + 1,). Its
        leaves begin so many further on as there are trees before.
    records : 64 bytes for each, shape (splits, 8). In 32 bits each: left and right child within
        the tree, parent, feature, column, ``first``, ``limit`` and byte of its factors; in 64
        bits, the leaves that are kept where a row goes to the right; as doubles, the share of the
        rows that went to the left in training, and what makes of the parent's share its own: a
        sign and what is added.
    leaves : values of all leaves, from left to right within a tree.
    """

    starts: IntArray
    records: FloatArray
    leaves: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The same with leaves as nodes that lead to themselves, for walks that take as many steps.

    Parameters
    ----------
    roots : node at which each tree begins, shape (trees,).
    depths : most steps from there to a leaf.
    nodes : column, ``first`` with ``limit`` above it, left and right node; flat, four each.
    values : of the leaves, zero for inner nodes.
    """

    roots: NDArray[np.uint32]
    depths: IntArray
    nodes: NDArray[np.uint32]
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedTrees:
    """All that is needed to score and to explain; the trees have that many features at the most."""

    columns: Columns
    splits: Splits
    nodes: Nodes
    paths: Paths


def pack_trees(trees: Sequence[Tree]) -> PackedTrees | None:
    """Return trees packed; None where a feature has too many thresholds, or a path features.

    Parameters
    ----------
    trees : as :func:`~ebbtide.scorer.compiled.tree_arrays.read_trees` returns them.
    """
    paths = pack_paths(trees)
    asked = _asked(trees)
    if paths is None or asked is None:
        return None
    starts = np.cumsum([0, *(len(tree.feature) for tree in trees)], dtype=np.int32)
    return PackedTrees(
        columns=asked.columns,
        splits=Splits(
            starts=starts,
            records=_records(trees, asked, paths),
            leaves=np.concatenate([tree.leaves for tree in trees]),
        ),
        nodes=_nodes(trees, asked, starts),
        paths=paths,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    columns: Columns
    column: IntArray
    first: IntArray
    limit: IntArray


def _asked(trees: Sequence[Tree]) -> _Asked | None:
    feature, missing, threshold, goes_left = (
        _joined(trees, name) for name in ("feature", "missing", "threshold", "missing_goes_left")
    )
    sets = _sets(trees)
    kind = missing.copy()
    kind[list(sets)] = _KIND_SET
    column = np.zeros(len(feature), dtype=np.int32)
    first, limit = np.ones_like(column), np.zeros_like(column)
    layout: list[tuple[int, int, int, int]] = []
    thresholds: list[FloatArray] = [np.zeros(0)]
    begin = 0
    for of_feature, of_kind in sorted(set(zip(feature.tolist(), kind.tolist(), strict=True))):
        if of_kind == _KIND_SET:
            continue
        nodes = np.flatnonzero((feature == of_feature) & (kind == of_kind))
        known = np.unique(threshold[nodes])
        if len(known) > MOST_THRESHOLDS:
            return None
        column[nodes] = len(layout)
        layout.append((of_feature, of_kind, begin, begin + len(known)))
        thresholds.append(known)
        begin += len(known)
        first[nodes] = ~goes_left[nodes]
        limit[nodes] = np.searchsorted(known, threshold[nodes]) + goes_left[nodes]
    words = _add_sets(sets, feature, column, layout)
    return _Asked(
        columns=Columns(
            layout=np.array(layout, dtype=np.int32).reshape(-1, 4),
            thresholds=np.concatenate(thresholds),
            words=words,
        ),
        column=column,
        first=first,
        limit=limit,
    )


def _sets(trees: Sequence[Tree]) -> dict[int, tuple[int, ...]]:
    """Return the sets of all splits that have one, by their number among all splits."""
    sets, start = {}, 0
    for tree in trees:
        sets.update({start + node: words for node, words in tree.categories.items()})
        start += len(tree.feature)
    return sets


def _add_sets(
    sets: dict[int, tuple[int, ...]],
    feature: IndexArray,
    column: IntArray,
    layout: list[tuple[int, int, int, int]],
) -> NDArray[np.uint32]:
    """Give each different set a column of its own: 1 inside it, 2 outside."""
    seen: dict[tuple[int, tuple[int, ...]], int] = {}
    words: list[int] = []
    for node, members in sets.items():
        key = int(feature[node]), members
        if key not in seen:
            seen[key] = len(layout)
            layout.append((key[0], _KIND_SET, len(words), len(words) + len(members)))
            words += members
        column[node] = seen[key]
    return np.array(words, dtype=np.uint32)


def _records(trees: Sequence[Tree], asked: _Asked, paths: Paths) -> FloatArray:
    records = np.zeros((len(asked.column), 8))
    whole = records.view(np.int32)
    fields = (
        _joined(trees, "left"),
        _joined(trees, "right"),
        paths.parent,
        _joined(trees, "feature"),
        asked.column,
        asked.first,
        asked.limit,
        paths.table * paths.factors.itemsize * paths.factors[0].size,
    )
    for at, field in enumerate(fields):
        whole[:, at] = field
    records.view(np.int64)[:, 4] = np.concatenate([_kept(tree) for tree in trees])
    records[:, 5] = paths.share
    records[:, 6], records[:, 7] = 1 - 2 * paths.is_right, paths.is_right
    return records


def _kept(tree: Tree) -> IndexArray:
    """Return the leaves that are kept where a row goes to the right, a bit for each of 64."""
    if len(tree.leaves) > _MOST_LEAVES_IN_A_SET:
        return np.zeros(len(tree.left), dtype=np.int64)
    splits = len(tree.left)
    below = np.concatenate([tree.leaves_below, np.ones(splits + 1, dtype=np.int64)])
    lost = ((1 << below[tree.left]) - 1) << tree.first_leaf
    return np.asarray(~lost, dtype=np.int64)


def _nodes(trees: Sequence[Tree], asked: _Asked, starts: IntArray) -> Nodes:
    roots, depths, nodes, values = [], [], [], []
    root = 0
    for at, tree in enumerate(trees):
        splits = len(tree.left)
        part = slice(int(starts[at]), int(starts[at + 1]))
        itself = root + np.arange(splits, 2 * splits + 1)
        inner = np.stack(
            [
                asked.column[part],
                asked.first[part] | asked.limit[part].astype(np.int64) << 16,
                root + tree.left,
                root + tree.right,
            ],
            axis=1,
        )
        leaves = np.stack(
            [np.zeros_like(itself), np.full_like(itself, _LARGEST_PLACE << 16), itself, itself],
            axis=1,
        )
        roots.append(root)
        depths.append(_depth(tree))
        nodes += [inner, leaves]
        values += [np.zeros(splits), tree.leaves]
        root += 2 * splits + 1
    return Nodes(
        roots=np.array(roots, dtype=np.uint32),
        depths=np.array(depths, dtype=np.int32),
        nodes=np.concatenate(nodes).astype(np.uint32).ravel(),
        values=np.concatenate(values),
    )


def _depth(tree: Tree) -> int:
    depth = np.zeros(2 * len(tree.left) + 1, dtype=np.int64)
    for node, (left, right) in enumerate(zip(tree.left, tree.right, strict=True)):
        depth[left] = depth[right] = depth[node] + 1
    return int(depth.max())


def _joined(trees: Sequence[Tree], name: str) -> Any:
    return np.concatenate([getattr(tree, name) for tree in trees])
