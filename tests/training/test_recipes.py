"""A recipe says how much each row counts, and where a model is bound."""

from __future__ import annotations

import numpy as np
import pytest

from by_hand import monthly, snapshot
from ebbtide.bundle.model_files import read_model
from ebbtide.errors import NotReady
from features.catalogue.catalogue import CATALOGUE
from training.recipes import Recipe, directions_of, fit, value_weights

TAKEN = [snapshot(as_of=instant) for instant in monthly(3)]
GRID = np.column_stack([np.linspace(0.0, 1.0, 201), np.full(201, 0.5)])


def _steps(recipe: Recipe) -> np.ndarray:
    model = read_model(recipe.kind, fit(recipe, TAKEN, seed=0))
    return np.diff(model.log_odds(GRID))


def test_bound_trees_never_go_against_the_agreed_direction() -> None:
    assert (_steps(Recipe(kind="lightgbm", directions=(1, 0))) >= 0).all()


def test_free_trees_do_go_against_it() -> None:
    """The control: the data alone would not keep trees from it."""
    assert (_steps(Recipe(kind="lightgbm")) < 0).any()


def test_a_wrong_direction_costs_what_the_feature_tells() -> None:
    assert np.ptp(np.cumsum(_steps(Recipe(kind="lightgbm", directions=(-1, 0))))) < 0.5


def test_the_catalogue_says_which_features_are_bound() -> None:
    contracts = {feature.name: feature.contract for feature in CATALOGUE}
    chosen = [contracts[name] for name in ("recency_days", "purchase_days_365d", "complaints_open")]
    assert directions_of(chosen) == tuple(
        {"rises": 1, "falls": -1, None: 0}[each.risk] for each in chosen
    )
    assert {1, -1, 0} == set(directions_of(contracts.values()))


def test_value_counts_within_limits_and_needs_to_be_known() -> None:
    weights = value_weights(np.array([0.0, 1.0, 100.0]))
    assert weights.min() == pytest.approx(0.1)
    assert weights.max() <= 3.0
    with pytest.raises(NotReady, match="none is known"):
        value_weights(np.full(3, np.nan))
