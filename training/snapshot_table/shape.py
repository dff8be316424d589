"""Choose how strongly a model for a snapshot table is bound, on rows held out from the learning.

Tables differ: where the label is noisy, shallow trees and stiff lines rank best and the others
learn the noise; where columns settle it, they never get there. One hold-out tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.model_files import read_single
from training.recipes import FITS
from training.snapshot_table.folds import copies, stratified_folds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.project import CandidateName
    from ebbtide.scorer.scores import FloatArray

SHAPES: dict[CandidateName, tuple[dict[str, object], ...]] = {
    "logistic": ({"C": 0.03}, {"C": 1.0}, {"C": 10.0}),
    "random_forest": (
        {"max_depth": 6, "max_samples": 0.3},
        {"max_depth": 8, "max_features": 0.3, "max_samples": 0.6},
        {"max_depth": 12, "max_features": 0.4, "max_samples": 1.0, "min_samples_leaf": 3},
    ),
    "lightgbm": (
        {"extra_trees": False, "learning_rate": 0.02, "num_boost_round": 350, "num_leaves": 6},
        {
            "extra_trees": False,
            "feature_fraction": 0.5,
            "learning_rate": 0.05,
            "min_data_in_leaf": 5,
            "num_boost_round": 500,
            "num_leaves": 31,
        },
    ),
}
"""The most bound first: it wins where two are equal. A row of a table is a customer seen once, so
that even the first may follow the rows more closely than a model of overlapping snapshots."""

_PARTS = 4
_MOST_ROWS = 50_000
"""Of more rows, so many are drawn to choose on: the choice needs no more."""

_TO_CHOOSE: dict[CandidateName, dict[str, object]] = {"random_forest": {"n_estimators": 30}}
"""Fewer trees tell shapes apart as well, in a third of the time."""


def chosen_shape(
    kind: CandidateName,
    ranked: FloatArray,
    churned: FloatArray,
    *,
    seed: int,
    categories: Mapping[int, int],
) -> dict[str, object]:
    """Return the shape with the lowest log loss on a quarter of the rows, copies kept together.

    Parameters
    ----------
    kind : kind of model.
    ranked : rows that may be learned from, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : of the split and of everything random.
    categories : columns of categories with the number of their places.
    """
    shapes = SHAPES[kind]
    if len(churned) > _MOST_ROWS:
        drawn = np.random.default_rng(seed).permutation(len(churned))[:_MOST_ROWS]
        ranked, churned = ranked[drawn], churned[drawn]
    held = stratified_folds(churned, copies(ranked), seed=seed, count=_PARTS) == 0
    if len(np.unique(churned[held])) < 2 or len(np.unique(churned[~held])) < 2:
        return shapes[0]
    losses = []
    for shape in shapes:
        text = FITS[kind](
            ranked[~held],
            churned[~held],
            seed=seed,
            categories=categories,
            parameters={**shape, **_TO_CHOOSE.get(kind, {})},
        )[1]
        z = read_single(kind, text).log_odds(ranked[held])
        losses.append(float(np.mean(np.logaddexp(0.0, np.where(churned[held] == 1, -z, z)))))
    return shapes[int(np.argmin(losses))]
