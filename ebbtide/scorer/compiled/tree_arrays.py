"""Trees of LightGBM's text format as plain arrays, checked whole.

It neither scores nor explains, and loads no LightGBM: the text is one that LightGBM has read. What
is well formed but of a kind that the compiled code does not know gives None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray

IndexArray = NDArray[np.int64]

_IS_CATEGORY, _MISSING_GOES_LEFT = 1, 2
_MISSING_SHIFT, _MISSING_KINDS = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree: ``splits`` inner nodes, parents before their children, and one leaf more.

    Parameters
    ----------
    feature : column that each inner node reads, shape (splits,).
    threshold : a value at most this goes left; for a category, unused.
    missing : which values are missing: 0 none (NaN counts as zero), 1 zeros and NaN, 2 NaN.
    missing_goes_left : where a missing value goes.
    categories : words of 32 bits of the set that goes left, by inner node, for categories only.
    left, right : children: an inner node, or ``splits`` plus the number of a leaf.
    leaves_below : how many leaves are below each inner node.
    first_leaf : the leftmost of them.
    leaves : value of each leaf from left to right, shape (splits + 1,).
    cover : rows of the training data in each inner node, then in each leaf, above zero; a node's
        are the sum of its children's.
    """

    feature: IndexArray
    threshold: FloatArray
    missing: IndexArray
    missing_goes_left: NDArray[np.bool_]
    categories: Mapping[int, tuple[int, ...]]
    left: IndexArray
    right: IndexArray
    leaves_below: IndexArray
    first_leaf: IndexArray
    leaves: FloatArray
    cover: FloatArray


def read_trees(text: str) -> tuple[Tree, ...] | None:
    """Return the trees of a model, in their order; None where one is of an unknown kind.

    Parameters
    ----------
    text : the model as LightGBM writes it.

    Raises
    ------
    BundleError
        If a node points to nowhere, two point to one, or a number is none.

    Examples
    --------
    >>> read_trees("no model") is None
    True
    """
    head, *blocks = text.split("\nTree=")
    header = _fields(head)
    if not blocks or "average_output" in head.split() or not _is_single(header):
        return None
    try:
        n_features = int(header["max_feature_idx"]) + 1
        trees = [_tree(_fields(block), n_features) for block in blocks]
    except (KeyError, ValueError, OverflowError, IndexError) as err:
        raise BundleError(
            "Expected trees whose nodes each have two children and one parent, found others. "
            "Fetch the bundle again, or train again."
        ) from err
    known = tuple(tree for tree in trees if tree is not None)
    return known if len(known) == len(trees) else None


def _is_single(header: Mapping[str, str]) -> bool:
    """Whether all trees add up to one number."""
    return all(header.get(name) == "1" for name in ("num_class", "num_tree_per_iteration"))


def _fields(block: str) -> dict[str, str]:
    lines = block.partition("\nend of trees")[0].splitlines()
    return {name: value for name, found, value in (line.partition("=") for line in lines) if found}


def _tree(fields: Mapping[str, str], n_features: int) -> Tree | None:
    n_leaves = int(fields["num_leaves"])
    n_splits = n_leaves - 1
    if fields.get("is_linear", "0") != "0" or "leaf_count" not in fields:
        return None
    leaves = _numbers(fields, "leaf_value", n_leaves)
    if not n_splits:
        nothing = np.zeros(0, dtype=np.int64)
        return Tree(
            feature=nothing,
            threshold=np.zeros(0),
            missing=nothing,
            missing_goes_left=np.zeros(0, dtype=np.bool_),
            categories={},
            left=nothing,
            right=nothing,
            leaves_below=nothing,
            first_leaf=nothing,
            leaves=leaves,
            cover=np.ones(1),
        )
    kind = _whole(fields, "decision_type", n_splits)
    feature = _whole(fields, "split_feature", n_splits)
    left, right = (_whole(fields, name, n_splits) for name in ("left_child", "right_child"))
    cover = np.concatenate(
        [_numbers(fields, "internal_count", n_splits), _numbers(fields, "leaf_count", n_leaves)]
    )
    _require(((feature >= 0) & (feature < n_features)).all())
    order = _parents_first(left, right)
    place = np.argsort(order)
    left, right = (_slots(child[order], place, n_splits) for child in (left, right))
    below, first_leaf = _leaves_of(left, right)
    left, right, of_place = _from_left_to_right(left, right, below, first_leaf)
    cover = np.concatenate([cover[:n_splits][order], cover[n_splits:][of_place]])
    if not (cover > 0).all() or (cover[:n_splits] != cover[left] + cover[right]).any():
        return None
    is_category = (kind[order] & _IS_CATEGORY).astype(np.bool_)
    if is_category.any() and fields.get("num_cat", "0") == "0":
        return None
    threshold = _numbers(fields, "threshold", n_splits, may_be_infinite=True)[order]
    return Tree(
        feature=feature[order],
        threshold=threshold,
        missing=(kind[order] >> _MISSING_SHIFT) & _MISSING_KINDS,
        missing_goes_left=(kind[order] & _MISSING_GOES_LEFT).astype(np.bool_),
        categories=_sets(fields, np.flatnonzero(is_category), threshold),
        left=left,
        right=right,
        leaves_below=below,
        first_leaf=first_leaf,
        leaves=leaves[of_place],
        cover=cover,
    )


def _parents_first(left: IndexArray, right: IndexArray) -> IndexArray:
    """Return the inner nodes level by level; every node and leaf must be met exactly once."""
    n_splits = len(left)
    children = np.concatenate([left, right])
    expected = np.concatenate([np.arange(-n_splits - 1, 0), np.arange(1, n_splits)])
    _require(np.array_equal(np.sort(children), expected))
    order = [0]
    for node in order:  # grows while it is read: each inner node is the child of one at the most
        order += [child for child in (int(left[node]), int(right[node])) if child > 0]
    _require(len(order) == n_splits)
    return np.array(order, dtype=np.int64)


def _slots(children: IndexArray, place: IndexArray, n_splits: int) -> IndexArray:
    return np.where(children >= 0, place[np.maximum(children, 0)], n_splits + ~children)


def _leaves_of(left: IndexArray, right: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return how many leaves each inner node has below it, and which is the leftmost."""
    splits = len(left)
    below, first = np.ones(2 * splits + 1, dtype=np.int64), np.zeros(splits, dtype=np.int64)
    for node in range(splits - 1, -1, -1):
        below[node] = below[left[node]] + below[right[node]]
    for node in range(splits):
        for child, offset in ((left[node], 0), (right[node], below[left[node]])):
            if child < splits:
                first[child] = first[node] + offset
    return below[:splits], first


def _from_left_to_right(
    left: IndexArray, right: IndexArray, below: IndexArray, first_leaf: IndexArray
) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Return children with leaves numbered from left to right, and the old number of each."""
    splits = len(left)
    of_place = np.zeros(splits + 1, dtype=np.int64)
    numbered = []
    for children, is_right in ((left, False), (right, True)):
        is_leaf = children >= splits
        place = first_leaf + (below - 1 if is_right else 0)
        of_place[place[is_leaf]] = children[is_leaf] - splits
        numbered.append(np.where(is_leaf, splits + place, children))
    return numbered[0], numbered[1], of_place


def _sets(
    fields: Mapping[str, str], nodes: IndexArray, threshold: FloatArray
) -> dict[int, tuple[int, ...]]:
    if not nodes.size:
        return {}
    n_sets = int(fields["num_cat"])
    ends = _whole(fields, "cat_boundaries", n_sets + 1)
    words = _whole(fields, "cat_threshold", int(ends[-1]))
    _require(ends[0] == 0 and (np.diff(ends) >= 0).all())
    _require(((words >= 0) & (words < 2**32)).all())
    sets = {}
    for node in nodes.tolist():
        which = threshold[node]
        _require(0 <= which < n_sets and which == int(which))
        at = int(which)
        sets[node] = tuple(words[ends[at] : ends[at + 1]].tolist())
    return sets


def _whole(fields: Mapping[str, str], name: str, count: int) -> IndexArray:
    read = np.array(fields[name].split(), dtype=np.int64)
    _require(len(read) == count)
    return read


def _numbers(
    fields: Mapping[str, str], name: str, count: int, *, may_be_infinite: bool = False
) -> FloatArray:
    read = np.array(fields[name].split(), dtype=np.float64)
    _require(len(read) == count)
    _require(not np.isnan(read).any() if may_be_infinite else bool(np.isfinite(read).all()))
    return read


def _require(holds: Any) -> None:
    if not holds:
        raise ValueError("no tree")
