"""A file of recipes that is not as it was written is refused, with what is wrong and what to do."""

from __future__ import annotations

import json

import optuna
import pytest

from ebbtide.errors import SettingsError
from training.recipes import Recipe
from training.tuning.recipes_file import read_recipes
from training.tuning.space import TUNED, suggested

LOGISTIC = {
    "parameters": {"C": 0.3},
    "half_life_days": None,
    "window_days": 365.0,
    "mean_auc": 0.8,
    "usual_mean_auc": 0.79,
    "trials": 4,
}
GOOD = {
    "format": 1,
    "definition": "inactivity-90d",
    "learned_until": "2026-01-01T00:00:00+00:00",
    "recipes": {"logistic": LOGISTIC},
}

BAD = {
    "another format": {**GOOD, "format": 2},
    "an unknown kind": {**GOOD, "recipes": {"svm": LOGISTIC}},
    "an unknown key": {**GOOD, "tuned_by": "ann"},
    "a naive instant": {**GOOD, "learned_until": "2026-01-01T00:00:00"},
    "a word as parameter": {
        **GOOD,
        "recipes": {"logistic": {**LOGISTIC, "parameters": {"C": "high"}}},
    },
    "a parameter that is not tuned": {
        **GOOD,
        "recipes": {"logistic": {**LOGISTIC, "parameters": {"solver": 1}}},
    },
    "a half-life of nothing": {
        **GOOD,
        "recipes": {"logistic": {**LOGISTIC, "half_life_days": 0.0}},
    },
    "no object": [],
}


def test_the_good_file_is_read(tmp_path) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    recipe = read_recipes(path).found["logistic"].recipe
    assert (recipe.parameters, recipe.window_days) == ({"C": 0.3}, 365.0)


@pytest.mark.parametrize("name", sorted(BAD))
def test_anything_else_is_refused(tmp_path, name: str) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(json.dumps(BAD[name]), encoding="utf-8")
    with pytest.raises(SettingsError, match="ebbtide tune"):
        read_recipes(path)


@pytest.mark.parametrize("text", ["", "{", '{"format": NaN}', "\x00"])
def test_what_is_no_json_is_refused(tmp_path, text: str) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="not as they are written"):
        read_recipes(path)


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        ("logistic", "C", 0.0),
        ("logistic", "C", float("nan")),
        ("logistic", "C", float("inf")),
        ("random_forest", "max_depth", -1),
        ("random_forest", "n_estimators", 100.5),
        ("lightgbm", "num_leaves", 1),
    ],
)
def test_a_value_that_no_tuning_writes_is_refused_by_name(tmp_path, kind, parameter, value) -> None:
    path = tmp_path / "recipes.json"
    recipe = {**LOGISTIC, "parameters": {parameter: value}}
    path.write_text(json.dumps({**GOOD, "recipes": {kind: recipe}}), encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"{kind}\.{parameter} is .* from .* to "):
        read_recipes(path)


def test_every_bound_of_what_is_tuned_is_read(tmp_path) -> None:
    """The control of the test above, and of ranges that tuning and reading share."""
    path = tmp_path / "recipes.json"
    for end in (0, 1):
        recipes = {
            kind: {**LOGISTIC, "parameters": {name: ends[end] for name, ends in within.items()}}
            for kind, within in TUNED.items()
        }
        path.write_text(json.dumps({**GOOD, "recipes": recipes}), encoding="utf-8")
        assert set(read_recipes(path).found) == set(TUNED)


@pytest.mark.parametrize("kind", TUNED)
def test_what_tuning_suggests_lies_within_what_is_read(kind) -> None:
    """Ranges stand where they are drawn and where they are checked; they must not part."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    suggested(trial, Recipe(kind=kind))
    drawn = {
        name: (within.low, within.high)
        for name, within in trial.distributions.items()
        if name not in ("half_life", "window")
    }
    assert drawn == TUNED[kind]


def test_an_absent_file_is_said_to_be_absent(tmp_path) -> None:
    with pytest.raises(SettingsError, match="found none"):
        read_recipes(tmp_path / "none.json")


def test_tune_never_writes_over_what_the_project_reads(tmp_path) -> None:
    from typer.testing import CliRunner

    from ebbtide.cli import build_app

    project = tmp_path / "ebbtide.toml"
    project.write_text(
        '[project]\nname = "shop"\ncurrency = "EUR"\n[tables.transactions]\npath = "orders.csv"\n',
        encoding="utf-8",
    )
    for out in ("ebbtide.toml", "orders.csv"):
        run = CliRunner().invoke(
            build_app(), ["tune", "--config", str(project), "--out", str(tmp_path / out)]
        )
        assert run.exit_code != 0
        assert "Expected --out to end in .json" in str(run.exception)
    assert project.read_text(encoding="utf-8").startswith("[project]")
