"""Random forest (scikit-learn), written as LightGBM text: one tree engine serves both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.ensemble import RandomForestClassifier

from training.models.forest_text import forest_text

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

PARAMETERS: dict[str, object] = {
    "n_estimators": 100,
    "max_depth": 6,
    "max_features": 0.2,
    "max_samples": 0.3,
}


def fit_forest(ranked: FloatArray, churned: FloatArray, *, seed: int) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : of rows and columns drawn.

    Notes
    -----
    Trees are shallow: exact contributions cost leaves times depth squared, and on the logs tried
    deeper trees and more of them ranked no better. Each tree sees three tenths of the rows:
    snapshots overlap, so that more rows add time, not news.
    """
    forest = RandomForestClassifier(
        **PARAMETERS,
        min_samples_leaf=min(50, max(5, len(churned) // 100)),
        n_jobs=2,
        random_state=seed,
    )
    forest.fit(ranked, churned)
    return "model.lgb", forest_text(forest)
