"""Texts of one tree, by hand, in LightGBM's format: sound ones, and any change of them."""

from __future__ import annotations

from typing import Any


def one_tree(
    left: list[int],
    right: list[int],
    *,
    n_features: int = 1,
    objective: str = "binary sigmoid:1",
    tree_sizes: object = None,
    **changes: Any,
) -> str:
    """Return the text of a tree with given children; its sizes fit, whatever the tree is.

    A child -1 is leaf 0, -2 is leaf 1. ``changes`` are lines of the tree; None leaves one out.
    """
    inner, leaves = len(left), len(left) + 1
    said = {
        "num_leaves": leaves,
        "num_cat": 0,
        "split_feature": [0] * inner,
        "split_gain": [1] * inner,
        "threshold": [0.5] * inner,
        "decision_type": [2] * inner,
        "left_child": left,
        "right_child": right,
        "leaf_value": [0.1 * leaf for leaf in range(leaves)],
        "leaf_weight": [1] * leaves,
        "leaf_count": [1] * leaves,
        "internal_value": [0] * inner,
        "internal_weight": [2] * inner,
        "internal_count": [2] * inner,
        "is_linear": 0,
        "shrinkage": 1,
        **changes,
    }
    lines = (
        f"{name}={' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in said.items()
        if value is not None
    )
    block = "\n".join(["Tree=0", *lines]) + "\n\n\n"
    names = " ".join(f"Column_{at}" for at in range(n_features))
    return (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={n_features - 1}\nobjective={objective}\nfeature_names={names}\n"
        f"feature_infos={' '.join(['[0:1]'] * n_features)}\n"
        f"tree_sizes={len(block) if tree_sizes is None else tree_sizes}\n\n"
        f"{block}end of trees\n"
    )
