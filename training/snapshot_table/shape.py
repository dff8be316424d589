"""Choose how trees grow for a snapshot table, on rows held out from those that are learned from.

Tables differ: where the label is noisy, slow and shallow trees rank best and deeper ones learn the
noise; where columns settle it, shallow ones never get there. One hold-out tells them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.model_files import read_single
from training.models.boosting import fit_boosting
from training.snapshot_table.folds import copies, stratified_folds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray

SHAPES: tuple[dict[str, object], ...] = (
    {"learning_rate": 0.02, "num_leaves": 6},
    {"learning_rate": 0.05, "num_leaves": 16, "feature_fraction": 0.5},
)
"""Slow and shallow first: it wins where both are equal. Measured on the two tables of
``tests/golden/test_snapshot_tables.py``: each shape is best on one of them."""

_PARTS = 4
_SEEN = re.compile(r"^\[(learning_rate|num_leaves|feature_fraction): ([\d.e-]+)\]$", re.MULTILINE)


def chosen_shape(
    ranked: FloatArray, churned: FloatArray, *, seed: int, categories: Mapping[int, int]
) -> dict[str, object]:
    """Return the shape with the lowest log loss on a quarter of the rows, copies kept together.

    Parameters
    ----------
    ranked : rows that may be learned from, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : of the split and of everything random.
    categories : columns of categories with the number of their places.
    """
    held = stratified_folds(churned, copies(ranked), seed=seed, count=_PARTS) == 0
    if len(np.unique(churned[held])) < 2 or len(np.unique(churned[~held])) < 2:
        return SHAPES[0]
    losses = []
    for shape in SHAPES:
        text = fit_boosting(
            ranked[~held], churned[~held], seed=seed, categories=categories, parameters=shape
        )[1]
        z = read_single("lightgbm", text).log_odds(ranked[held])
        losses.append(float(np.mean(np.logaddexp(0.0, np.where(churned[held] == 1, -z, z)))))
    return SHAPES[int(np.argmin(losses))]


def shape_of(text: str) -> dict[str, object]:
    r"""Return the shape that a model's text says it was fitted with.

    Examples
    --------
    >>> shape_of("[num_leaves: 6]\n[num_threads: 1]\n")
    {'num_leaves': '6'}
    """
    return dict(_SEEN.findall(text))
