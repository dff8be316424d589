"""Every kind of model splits categories natively, and is served as it was fitted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from ebbtide.bundle.model_files import read_single
from training.evaluation.measures import auc
from training.models import forest, forest_text, logistic
from training.recipes import FITS

N = 900
PLACES = 42
"""More than 32, so that a set of categories needs more than one word."""


@pytest.fixture(scope="module")
def data():
    """A rank, and a category whose odd places churn: no order of the places tells that."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, PLACES - 2, N)
    ranked = np.column_stack([rng.random(N).astype(np.float32), place]).astype(np.float64)
    p_churn = np.where(place % 2 == 1, 0.8, 0.2)
    return ranked, (rng.random(N) < p_churn).astype(np.float64)


@pytest.mark.parametrize("kind", sorted(FITS))
def test_a_category_without_order_is_found(kind, data) -> None:
    ranked, churned = data
    native = read_single(kind, FITS[kind](ranked, churned, seed=0, categories={1: PLACES})[1])
    assert auc(churned, native.log_odds(ranked)) > 0.78


@pytest.mark.parametrize("kind", sorted(FITS))
def test_null_and_what_was_not_learned_have_a_score_and_exact_contributions(kind, data) -> None:
    ranked, churned = data
    model = read_single(kind, FITS[kind](ranked, churned, seed=0, categories={1: PLACES})[1])
    rows = np.array([[0.5, PLACES - 2.0], [0.5, PLACES - 1.0]])
    assert np.isfinite(model.log_odds(rows)).all()
    assert np.isfinite(model.contributions(rows)).all()


@pytest.mark.parametrize("kind", sorted(FITS))
def test_contributions_sum_to_the_distance_from_the_average(kind, data) -> None:
    ranked, churned = data
    model = read_single(kind, FITS[kind](ranked, churned, seed=0, categories={1: PLACES})[1])
    raw = model.log_odds(ranked)
    if kind == "random_forest":
        raw = 1 / (1 + np.exp(-raw))
    base = raw - model.contributions(ranked).sum(axis=1)
    assert np.ptp(base) < 1e-9


def test_a_forest_is_served_as_it_was_fitted(data, monkeypatch) -> None:
    ranked, churned = data
    seen = {}

    class Kept(RandomForestClassifier):
        def fit(self, rows, outcomes, sample_weight=None):
            seen["forest"], seen["rows"] = self, rows
            return super().fit(rows, outcomes, sample_weight=sample_weight)

    monkeypatch.setattr(forest, "RandomForestClassifier", Kept)
    text = forest.fit_forest(ranked, churned, seed=0, categories={1: PLACES})[1]
    served = 1 / (1 + np.exp(-read_single("random_forest", text).log_odds(ranked)))
    fitted = seen["forest"].predict_proba(seen["rows"])[:, 1]
    np.testing.assert_allclose(served, fitted.clip(1e-4, 1 - 1e-4), atol=1e-12)
    assert "cat_boundaries" in text


def test_a_set_of_categories_is_written_in_words_of_32() -> None:
    assert forest_text._words(np.array([0, 33])) == [1, 2]


def test_a_place_without_rows_has_no_weight(data) -> None:
    ranked, churned = data
    text = logistic.fit_logistic(ranked, churned, seed=0, categories={1: PLACES})[1]
    weights = read_single("logistic", text).categories[1]
    assert weights[PLACES - 2 :].tolist() == [0.0, 0.0]
    assert np.average(weights[ranked[:, 1].astype(int)]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", sorted(FITS))
def test_without_categories_nothing_changes(kind, data) -> None:
    ranked, churned = data
    plain = FITS[kind](ranked, churned, seed=0)
    assert FITS[kind](ranked, churned, seed=0, categories={}) == plain
    assert "cat_boundaries" not in plain[1]
    assert '"categories"' not in plain[1]
