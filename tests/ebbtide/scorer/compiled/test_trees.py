"""Compiled trees: LightGBM's own bits of sums, and its contributions, for every kind of tree."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from ebbtide.scorer.compiled.pack_paths import MOST_NODES
from ebbtide.scorer.compiled.trees import compiled_trees
from ebbtide.scorer.trees import TreeModel
from training.models.forest_text import forest_text

N = 400
ODD = [0.0, -0.0, 1e-36, -1e-36, 1e-34, 1e300, -1e300, np.inf, -np.inf, np.nan, 5e-324]
ODD_CATEGORIES = [-1.0, -0.5, -2.0, 0.9, 31.0, 32.0, 63.5, 1e6, 2147483647.0, 2147483648.0, 1e300]


def a_booster(seed, *, features, categories=0, rounds=12, missing=0.2, rows=N, **parameters):
    """Train on noise with a signal; the first columns are categories, some of which are missing."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, features)).round(int(rng.integers(0, 4)))
    values[:, :categories] = rng.integers(0, 40, size=(rows, categories))
    signal = np.sin(values).sum(axis=1) + rng.normal(size=rows)
    values[rng.random(values.shape) < missing] = np.nan
    fixed = {
        "objective": "binary",
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "max_cat_to_onehot": 2,
    }
    data = lightgbm.Dataset(
        values,
        label=(signal > np.median(signal)).astype(float),
        categorical_feature=list(range(categories)),
    )
    settings = {"min_data_in_leaf": 3, "min_data_per_group": 2, "cat_smooth": 1.0, "verbosity": -1}
    return lightgbm.train({**settings, **fixed, **parameters}, data, rounds)


def some_rows(booster, seed, *, categories):
    """Draw rows with values of every kind, and values that are thresholds themselves."""
    rng = np.random.default_rng(seed)
    features = booster.num_feature()
    rows = rng.normal(size=(150, features)).round(1)
    rows[:, :categories] = rng.integers(-2, 45, size=(150, categories))
    odd = rng.random(rows.shape) < 0.1
    rows[odd] = rng.choice(ODD + ODD_CATEGORIES, size=int(odd.sum()))
    return rows


def check(text, rows):
    model = TreeModel(text, scale="log_odds")
    compiled = compiled_trees(model)
    assert compiled is not None
    assert compiled.raw(rows).tobytes() == model.raw(rows).tobytes()
    found = compiled.contributions(rows)
    np.testing.assert_allclose(found, model.contributions(rows), rtol=0, atol=1e-10)
    for row in range(0, len(rows), 37):
        alone = slice(row, row + 1)
        assert compiled.raw(rows[alone]).tobytes() == model.raw(rows)[alone].tobytes()
        assert compiled.contributions(rows[alone]).tobytes() == found[alone].tobytes()


@pytest.mark.property
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    seed=st.integers(0, 10_000),
    features=st.integers(1, 12),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    leaves=st.sampled_from([2, 3, 8, 31, 32, 33, 63, 64, 65, 90]),
    missing=st.sampled_from([{}, {"use_missing": False}, {"zero_as_missing": True}]),
)
def test_sums_have_lightgbms_bits_and_contributions_its_values(
    seed, features, share, leaves, missing
) -> None:
    categories = round(features * share)
    booster = a_booster(
        seed, features=features, categories=categories, num_leaves=leaves, **missing
    )
    check(booster.model_to_string(), some_rows(booster, seed, categories=categories))


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"features": 1, "num_leaves": 60, "missing": 0}, id="one-feature-again"),
        pytest.param({"features": 3, "num_leaves": 120, "max_depth": 40}, id="deep"),
        pytest.param(
            {"features": 30, "num_leaves": 64, "rounds": 3, "feature_fraction_bynode": 0.1,
             "min_data_in_leaf": 1, "extra_trees": True, "path_smooth": 0.0},
            id="many-features-on-a-path",
        ),
        pytest.param({"features": 2, "num_leaves": 2}, id="stumps"),
        pytest.param({"features": 2, "min_data_in_leaf": 300}, id="nothing-but-leaves"),
        pytest.param({"features": 4, "boosting": "dart", "rounds": 5}, id="dart"),
        pytest.param({"features": 4, "objective": "regression"}, id="regression"),
    ],
)  # fmt: skip
def test_trees_of_every_shape_are_known(parameters) -> None:
    booster = a_booster(1, **parameters)
    check(booster.model_to_string(), some_rows(booster, 2, categories=0))


def chain(features):
    """Return a tree whose path asks so many features, one after another."""
    splits = range(features)
    lines = {
        "num_leaves": features + 1,
        "num_cat": 0,
        "split_feature": " ".join(map(str, splits)),
        "split_gain": " ".join("1" for _ in splits),
        "threshold": " ".join("0.5" for _ in splits),
        "decision_type": " ".join(str(8 + 2 * (split % 2)) for split in splits),
        "left_child": " ".join(str(~split) for split in splits),
        "right_child": " ".join([*(str(split + 1) for split in splits[:-1]), str(~features)]),
        "leaf_value": " ".join(str(0.1 * (-1) ** leaf) for leaf in range(features + 1)),
        "leaf_weight": " ".join("1" for _ in range(features + 1)),
        "leaf_count": " ".join("1" for _ in range(features + 1)),
        "internal_value": " ".join("0" for _ in splits),
        "internal_weight": " ".join("1" for _ in splits),
        "internal_count": " ".join(str(features + 1 - split) for split in splits),
        "is_linear": 0,
        "shrinkage": 1,
    }
    tree = "Tree=0\n" + "".join(f"{name}={value}\n" for name, value in lines.items()) + "\n\n"
    names = " ".join(f"Column_{at}" for at in splits)
    return (
        f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={features - 1}\nobjective=binary sigmoid:1\nfeature_names={names}\n"
        f"feature_infos={' '.join(['[0:1]'] * features)}\ntree_sizes={len(tree)}\n\n{tree}"
        f"end of trees\n\nfeature_importances:\n\nparameters:\n\nend of parameters\n"
    )


@pytest.mark.parametrize("features", [1, 2, 7, 8, 9, 15, 16, 17, 25, 2 * MOST_NODES])
def test_a_path_of_many_features_is_exact(features) -> None:
    rows = np.random.default_rng(features).random((30, features))
    rows[rows < 0.1] = np.nan
    check(chain(features), rows)


def test_a_path_of_too_many_features_is_left_to_lightgbm() -> None:
    assert compiled_trees(TreeModel(chain(2 * MOST_NODES + 1), scale="log_odds")) is None


@pytest.mark.parametrize(
    "given",
    [
        {"min_samples_leaf": 5},
        {"min_samples_leaf": 200},
        {"min_samples_leaf": 1, "max_depth": 14},
        {"class_weight": "balanced", "min_samples_leaf": 9},
    ],
    ids=["usual", "single-leaves", "deep", "weighted"],
)
def test_forests_are_known(given) -> None:
    rng = np.random.default_rng(0)
    ranked = rng.random((N, 5)).astype(np.float32).astype(float)
    churned = (rng.random(N) < ranked[:, 0]).astype(float)
    ranked[rng.random(ranked.shape) < 0.2] = np.nan
    forest = RandomForestClassifier(n_estimators=9, random_state=0, **given).fit(ranked, churned)
    check(forest_text(forest), np.vstack([ranked[:90], np.resize(ODD, (11, 5))]))


def test_many_rows_on_more_threads_have_the_same_bits(monkeypatch) -> None:
    booster = a_booster(3, features=6, num_leaves=20)
    rows = np.resize(some_rows(booster, 4, categories=0), (9001, 6))
    compiled = compiled_trees(TreeModel(booster.model_to_string(), scale="log_odds"))
    found = {}
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found[threads] = compiled.raw(rows).tobytes() + compiled.contributions(rows).tobytes()
    assert found["1"] == found["2"] == found["5"]


def test_a_model_of_several_classes_is_left_to_lightgbm() -> None:
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.random((60, 2)), label=rng.integers(0, 3, 60))
    several = lightgbm.train({"objective": "multiclass", "num_class": 3, "verbosity": -1}, data, 2)
    assert compiled_trees(TreeModel(several.model_to_string(), scale="log_odds")) is None


def test_linear_trees_and_means_of_trees_are_left_to_lightgbm() -> None:
    linear = a_booster(1, features=2, missing=0, linear_tree=True)
    mean = a_booster(1, features=2, boosting="rf", bagging_fraction=0.5, bagging_freq=1)
    for booster in (linear, mean):
        assert compiled_trees(TreeModel(booster.model_to_string(), scale="log_odds")) is None
