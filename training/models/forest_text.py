"""Write a scikit-learn forest in LightGBM's text format, equal in every score.

Both kinds of tree send a row to the left where its value is at most the threshold. scikit-learn
compares in single precision, which the ranks already have. A cut through ordered categories is
written as the set of those that go left, and whatever else comes goes right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.ensemble import RandomForestClassifier

    from ebbtide.scorer.scores import FloatArray

IndexArray = NDArray[np.intp]

_IS_CATEGORY = 1
_NAN_GOES_RIGHT = 8
_NAN_GOES_LEFT = 10
_MOST_ROWS = 2**30


def forest_text(
    forest: RandomForestClassifier, *, orders: Mapping[int, IndexArray] | None = None
) -> str:
    """Return a model whose raw score is the forest's mean probability of the second class.

    Parameters
    ----------
    forest : fitted on two classes.
    orders : for each column of categories their places, in the order that the forest saw.

    Notes
    -----
    A tree's leaf holds its share of the second class over the number of trees, so that the sum over
    trees is the mean. ``decision_type`` has the bits of LightGBM's ``tree.h``: 8 says that NaN is
    missing, 2 that missing goes left, 1 that the threshold is the number of a set of categories.
    """
    n_features = forest.n_features_in_
    names = " ".join(f"Column_{index}" for index in range(n_features))
    trees = [
        _tree(estimator.tree_, index, len(forest.estimators_), orders or {})
        for index, estimator in enumerate(forest.estimators_)
    ]
    header = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={n_features - 1}",
        "objective=regression",
        f"feature_names={names}",
        f"feature_infos={' '.join(['[0:1]'] * n_features)}",
        f"tree_sizes={' '.join(str(len(tree)) for tree in trees)}",
        "",
    ]
    ending = "end of trees\n\nfeature_importances:\n\nparameters:\n\nend of parameters\n"
    return "\n".join(header) + "\n" + "".join(trees) + ending


def _tree(tree: object, index: int, n_trees: int, orders: Mapping[int, IndexArray]) -> str:
    state = tree.__getstate__()["nodes"]  # type: ignore[index]
    left, right = state["left_child"], state["right_child"]
    is_leaf = left == -1
    inner, leaves = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    place = np.empty(len(left), dtype=np.int64)
    place[inner] = np.arange(len(inner))
    place[leaves] = ~np.arange(len(leaves))
    counts = _added_up(
        np.asarray(tree.weighted_n_node_samples),  # type: ignore[attr-defined]
        left,
        right,
    )
    values = np.asarray(tree.value)[:, 0, :]  # type: ignore[attr-defined]
    share = values[:, 1] / values.sum(axis=1) / n_trees
    goes_left = state["missing_go_to_left"][inner].astype(bool)
    decisions = np.where(goes_left, _NAN_GOES_LEFT, _NAN_GOES_RIGHT)
    thresholds = state["threshold"][inner]
    is_category = np.isin(state["feature"][inner], list(orders))
    words = [
        _words(orders[int(column)][: int(cut) + 1])
        for column, cut in zip(
            state["feature"][inner][is_category], thresholds[is_category], strict=True
        )
    ]
    decisions[is_category] = _IS_CATEGORY
    thresholds[is_category] = np.arange(len(words))
    fields: list[tuple[str, object]] = [
        ("num_leaves", [len(leaves)]),
        ("num_cat", [len(words)]),
        ("split_feature", state["feature"][inner]),
        ("split_gain", np.ones(len(inner), dtype=np.int64)),
        ("threshold", thresholds),
        ("decision_type", decisions),
        ("left_child", place[left[inner]]),
        ("right_child", place[right[inner]]),
        ("leaf_value", share[leaves]),
        ("leaf_weight", counts[leaves].astype(np.float64)),
        ("leaf_count", counts[leaves]),
        ("internal_value", share[inner]),
        ("internal_weight", counts[inner].astype(np.float64)),
        ("internal_count", counts[inner]),
        *_sets_of_categories(words),
        ("is_linear", [0]),
        ("shrinkage", [1]),
    ]
    lines = [f"Tree={index}"]
    lines += [f"{name}={' '.join(repr(v) for v in _plain(values))}" for name, values in fields]
    return "\n".join(lines) + "\n\n\n"


def _added_up(weights: FloatArray, left: IndexArray, right: IndexArray) -> IndexArray:
    """Return the rows of each node as whole numbers, a node's being the sum of its children's.

    Weighted rows are counted in thousandths, or as finely as the format's whole numbers allow.
    """
    is_whole = bool((weights == np.rint(weights)).all())
    parts = 1.0 if is_whole else min(1000.0, _MOST_ROWS / weights[0])
    counts = np.maximum(np.rint(weights * parts), 1).astype(np.intp)
    for node in range(len(counts) - 1, -1, -1):  # children come after their parents
        if left[node] != -1:
            counts[node] = counts[left[node]] + counts[right[node]]
    return counts


def _words(categories: IndexArray) -> list[int]:
    """Return a set of categories as words of 32 bits, the lowest first."""
    words = [0] * (int(categories.max()) // 32 + 1)
    for category in categories.tolist():
        words[category // 32] |= 1 << (category % 32)
    return words


def _sets_of_categories(words: list[list[int]]) -> list[tuple[str, object]]:
    """Return the fields that hold the sets, none where there are none."""
    if not words:
        return []
    ends = np.cumsum([0, *(len(each) for each in words)])
    return [
        ("cat_boundaries", ends),
        ("cat_threshold", np.array([word for each in words for word in each], dtype=np.int64)),
    ]


def _plain(values: object) -> list[int | float]:
    listed: list[int | float] = np.asarray(values).tolist()
    return listed
