"""Gradient boosted trees (LightGBM), set for the few thousand rows that most firms have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lightgbm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.scorer.scores import FloatArray

PARAMETERS: dict[str, object] = {
    "objective": "binary",
    "num_boost_round": 300,
    "learning_rate": 0.03,
    "num_leaves": 5,
    "extra_trees": True,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""Slow learning, small trees, few columns a tree and cuts drawn at random: LightGBM's own defaults
lose to logistic regression on small data. See ``docs/decisions/0007-recipes.md``."""

ROWS_FOR_TWO_THREADS = 200_000
"""The number of threads depends on the data alone, so that the model does not depend on the
machine; below this, threads that wait for each other cost more than they bring."""


def fit_boosting(
    ranked: FloatArray,
    churned: FloatArray,
    *,
    seed: int,
    categories: Mapping[int, int] | None = None,
    parameters: Mapping[str, object] | None = None,
    weights: FloatArray | None = None,
    directions: Sequence[int] | None = None,
) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : of rows and columns drawn.
    categories : columns of categories with the number of their places; they are split natively.
    parameters : what differs from ``PARAMETERS``.
    weights : how much each row counts, shape (n,); None if all count alike.
    directions : for each column 1 where risk may only rise with it, -1 where it may only fall, 0
        where it is free; None if all are free. A category is free.
    """
    leaf_rows = min(100, max(5, len(churned) // 50))
    booster = lightgbm.train(
        {
            **PARAMETERS,
            "min_data_in_leaf": leaf_rows,
            **(parameters or {}),
            **({"monotone_constraints": list(directions)} if directions is not None else {}),
            "num_threads": 2 if len(churned) >= ROWS_FOR_TWO_THREADS else 1,
            "seed": seed,
        },
        lightgbm.Dataset(
            ranked,
            label=churned,
            weight=weights,
            **({"categorical_feature": sorted(categories)} if categories else {}),
        ),
    )
    return "model.lgb", booster.model_to_string()
