"""Random forest (scikit-learn), written as LightGBM text: one tree engine serves both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from training.models.forest_text import forest_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray
    from training.models.forest_text import IndexArray

PARAMETERS: dict[str, object] = {
    "n_estimators": 100,
    "max_depth": 6,
    "max_features": 0.2,
    "max_samples": 0.3,
}

MOST_ROWS_A_TREE = 100_000
"""A tree of so few leaves finds its cuts in so many rows as well as in more."""


def fit_forest(
    ranked: FloatArray,
    churned: FloatArray,
    *,
    seed: int,
    categories: Mapping[int, int] | None = None,
    parameters: Mapping[str, object] | None = None,
    weights: FloatArray | None = None,
) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : of rows and columns drawn.
    categories : columns of categories with the number of their places.
    parameters : what differs from ``PARAMETERS``.
    weights : how much each row counts, shape (n,); None if all count alike.

    Notes
    -----
    Places are put in the order of their churn share, in which the best split of a category is one
    cut (Breiman et al., Classification and Regression Trees, 1984, section 4.2.2); the text names
    the places on either side, so that the order is not needed where the forest is read.

    Trees are shallow: exact contributions cost leaves times depth squared, and on the logs tried
    deeper trees and more of them ranked no better. Each tree sees three tenths of the rows:
    snapshots overlap, so that more rows add time, not news; of very many it sees a fixed number.
    """
    chosen = {
        **PARAMETERS,
        "min_samples_leaf": min(50, max(5, len(churned) // 100)),
        **(parameters or {}),
    }
    if float(str(chosen["max_samples"])) * len(churned) > MOST_ROWS_A_TREE:
        chosen["max_samples"] = MOST_ROWS_A_TREE
    forest = RandomForestClassifier(
        **chosen,
        n_jobs=2,
        random_state=seed,
    )
    orders = {
        column: _by_share(ranked[:, column], churned, size)
        for column, size in (categories or {}).items()
    }
    ordered = ranked.copy()
    for column, order in orders.items():
        ordered[:, column] = np.argsort(order)[ranked[:, column].astype(np.intp)]
    forest.fit(ordered, churned, sample_weight=weights)
    return "model.lgb", forest_text(forest, orders=orders)


def _by_share(places: FloatArray, churned: FloatArray, size: int) -> IndexArray:
    """Return the places by rising churn share; those of which there are no rows come last."""
    index = places.astype(np.intp)
    counts = np.bincount(index, minlength=size)
    leavers = np.bincount(index, weights=churned, minlength=size)
    share = np.divide(leavers, counts, out=np.full(size, np.inf), where=counts > 0)
    return np.argsort(share, kind="stable")
