"""Contributions are Shapley values: each kind of model, held against all subsets of features."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.bundle.model_files import MemberText, blend_files, read_model
from training.models import boosting
from training.models.boosting import fit_boosting
from training.models.forest import fit_forest
from training.models.logistic import fit_logistic

N_FEATURES = 4
PLACES = {3: 4}
"""The last column is one of categories."""

WEIGHTS = {"logistic": 0.7, "random_forest": 2.0, "lightgbm": 0.4}
KINDS = (*WEIGHTS, "blend")


def ranked(seed, n):
    rng = np.random.default_rng(seed)
    rows = rng.random((n, N_FEATURES)).astype(np.float32).astype(float)
    rows[rng.random(n) < 0.3, 1] = np.nan
    rows[:, 3] = rng.integers(0, PLACES[3], n)
    return rows


@pytest.fixture(scope="module")
def texts():
    rows = ranked(0, 400)
    logit = 3 * rows[:, 0] - 2 * np.nan_to_num(rows[:, 1], nan=1.0) * rows[:, 2] + (rows[:, 3] == 1)
    churned = (np.random.default_rng(1).random(400) < 1 / (1 + np.exp(-logit))).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosting.PARAMETERS, "num_boost_round", 12)
        return {
            "logistic": fit_logistic(rows, churned, seed=0, categories=PLACES)[1],
            "lightgbm": fit_boosting(rows, churned, seed=0, categories=PLACES)[1],
            "random_forest": fit_forest(
                rows, churned, seed=0, categories=PLACES, parameters={"n_estimators": 5}
            )[1],
        }


def model_of(kind, texts):
    if kind != "blend":
        name = "linear.json" if kind == "logistic" else "model.lgb"
        return read_model(kind, {name: texts[kind]})
    members = [
        MemberText(kind=each, weight=weight, text=texts[each]) for each, weight in WEIGHTS.items()
    ]
    return read_model("blend", blend_files(members, intercept=-0.5))


def expected_of_trees(text, row, known):
    """What trees are expected to say where only some features are known, by their definition.

    A split on an unknown feature is taken both ways, weighted by the training rows on either side.
    """

    def walk(node):
        if "leaf_value" in node:
            return node["leaf_value"]
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return walk(left if goes_left(node, row[node["split_feature"]]) else right)
        return (count(left) * walk(left) + count(right) * walk(right)) / count(node)

    booster = lightgbm.Booster(model_str=text)
    total = sum(walk(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"])
    is_average = "average_output" in text.partition("Tree=0")[0]
    return total / booster.num_trees() if is_average else total


def count(node):
    return node["leaf_count"] if "leaf_value" in node else node["internal_count"]


def goes_left(node, value):
    if node["decision_type"] == "==":
        return str(int(value)) in node["threshold"].split("||")
    if np.isnan(value) and node["missing_type"] == "NaN":
        return node["default_left"]
    return (0.0 if np.isnan(value) else value) <= node["threshold"]


def expected_of_linear(text, row, known):
    """What a linear model is expected to say where the rest is average: terms are centred."""
    model = read_model("logistic", {"linear.json": text})
    return model.intercept + sum(model.contributions(row[None])[0, list(known)])


def expected(kind, texts, row, known):
    if kind == "blend":
        return sum(w * expected(each, texts, row, known) for each, w in WEIGHTS.items())
    by_kind = expected_of_linear if kind == "logistic" else expected_of_trees
    return by_kind(texts[kind], row, known)


def shapley(kind, texts, row):
    """Shapley's formula (1953), over all subsets."""
    said = {
        known: expected(kind, texts, row, known)
        for size in range(N_FEATURES + 1)
        for known in combinations(range(N_FEATURES), size)
    }
    values = np.zeros(N_FEATURES)
    for feature in range(N_FEATURES):
        for known in said:
            if feature in known:
                continue
            weight = factorial(len(known)) * factorial(N_FEATURES - len(known) - 1)
            gained = said[tuple(sorted((*known, feature)))] - said[known]
            values[feature] += weight / factorial(N_FEATURES) * gained
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_are_shapley_values(texts, kind) -> None:
    rows = ranked(2, 3)
    rows[0, 1], rows[1, 1] = np.nan, 0.4
    found = model_of(kind, texts).contributions(rows)
    for row, contributions in zip(rows, found, strict=True):
        np.testing.assert_allclose(contributions, shapley(kind, texts, row), rtol=0, atol=1e-12)


@pytest.mark.property
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_contributions_and_a_constant_are_the_raw_score(texts, kind, seed) -> None:
    model = model_of(kind, texts)
    rows = ranked(seed, 40)
    base = model.raw(rows) - model.contributions(rows).sum(axis=1)
    np.testing.assert_allclose(base, expected(kind, texts, rows[0], ()) + _offset(kind), atol=1e-12)


def _offset(kind):
    return -0.5 if kind == "blend" else 0.0
