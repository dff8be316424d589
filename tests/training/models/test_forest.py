"""The forest: of very many rows a tree sees a fixed number."""

from __future__ import annotations

import numpy as np
import pytest

from training.models import forest

N = 400
RANKED = np.random.default_rng(0).random((N, 3))
CHURNED = (RANKED[:, 0] > 0.6).astype(float)


@pytest.mark.parametrize(
    ("most", "seen"), [pytest.param(1000, 0.3, id="few"), pytest.param(50, 50, id="many")]
)
def test_a_tree_sees_a_share_of_the_rows_and_of_many_a_number(most, seen, monkeypatch) -> None:
    asked = []

    class Noted(forest.RandomForestClassifier):
        def fit(self, rows, outcomes, sample_weight=None):
            asked.append(self.max_samples)
            return super().fit(rows, outcomes, sample_weight=sample_weight)

    monkeypatch.setattr(forest, "RandomForestClassifier", Noted)
    monkeypatch.setattr(forest, "MOST_ROWS_A_TREE", most)
    forest.fit_forest(RANKED, CHURNED, seed=0, parameters={"n_estimators": 5})
    assert asked == [seen]
