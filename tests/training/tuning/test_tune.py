"""Tuning leaves the exam alone, goes on where it ended, and does no worse than the usual recipe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from by_hand import monthly, snapshot
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from training.origins import origins
from training.recipes import Recipe, fit
from training.tuning.recipes_file import read_recipes, write_recipes
from training.tuning.tune import tune

CODE = "inactivity-30d"
DEFINITION = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=365)
TAKEN = [snapshot(as_of=instant, n=300) for instant in monthly(5)]
PERIODS = origins(TAKEN, DEFINITION, at_most=4)


def _tuned(tmp_path, periods=PERIODS, *, trials=4, tried=None, kinds=("logistic",)):
    return tune(
        [Recipe(kind=kind) for kind in kinds],
        periods,
        definition=CODE,
        journal=tmp_path / "kept" / "tuning.journal",
        seconds=60.0,
        seed=0,
        max_trials=trials,
        on_trial=None if tried is None else tried.append,
    )


def test_outcomes_of_the_exam_change_nothing(tmp_path) -> None:
    exam = PERIODS[0].scored
    other = replace(PERIODS[0], scored=replace(exam, churned=1 - exam.churned))
    first = _tuned(tmp_path / "a")
    second = _tuned(tmp_path / "b", [other, *PERIODS[1:]])
    assert first == second
    assert first.learned_until == exam.as_of


def test_outcomes_of_an_earlier_period_do_change_what_is_found(tmp_path) -> None:
    """The control of the test above: a tuning that looked at nothing would pass it."""
    early = PERIODS[1].scored
    other = replace(PERIODS[1], scored=replace(early, churned=1 - early.churned))
    assert _tuned(tmp_path / "a") != _tuned(tmp_path / "b", [PERIODS[0], other, *PERIODS[2:]])


def test_the_usual_recipe_is_tried_first_and_the_best_is_no_worse(tmp_path) -> None:
    tried = []
    found = _tuned(tmp_path, tried=tried, kinds=("logistic", "random_forest"))
    assert [each.recipe for each in tried[:2]] == [
        Recipe(kind="logistic"),
        Recipe(kind="random_forest"),
    ]
    for kind, best in found.found.items():
        of_kind = [each for each in tried if each.kind == kind]
        assert best.mean_auc == max(each.mean_auc for each in of_kind)
        assert best.usual_mean_auc == of_kind[0].mean_auc
        assert best.trials == len(of_kind) == 4


def test_a_second_run_goes_on_and_does_not_try_the_same_again(tmp_path) -> None:
    first, second = [], []
    _tuned(tmp_path, trials=3, tried=first)
    found = _tuned(tmp_path, trials=6, tried=second)
    assert [each.number for each in (*first, *second)] == list(range(6))
    recipes = [each.recipe.described() for each in (*first, *second)]
    assert all(recipe not in recipes[:place] for place, recipe in enumerate(recipes))
    assert found.found["logistic"].trials == 6


@pytest.mark.parametrize("interrupted", [0, 2], ids=["the usual recipe", "a later one"])
def test_a_trial_that_was_interrupted_is_tried_anew(tmp_path, monkeypatch, interrupted) -> None:
    begun = []

    def stopped_by_the_keyboard(*args, **kwargs):
        begun.append(args)
        if len(begun) > interrupted * len(PERIODS[1:]):
            raise KeyboardInterrupt
        return fit(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr("training.tuning.tune.fit", stopped_by_the_keyboard)
        with pytest.raises(KeyboardInterrupt):
            _tuned(tmp_path, trials=3)
    tried = []
    found = _tuned(tmp_path, trials=3, tried=tried).found["logistic"]
    assert len(tried) == 3 - interrupted
    assert found.trials == 3
    assert (
        found.usual_mean_auc == _tuned(tmp_path / "never stopped").found["logistic"].usual_mean_auc
    )


def test_a_period_in_which_all_did_the_same_is_named(tmp_path) -> None:
    early = PERIODS[1].scored
    alike = replace(PERIODS[1], scored=replace(early, churned=np.zeros_like(early.churned)))
    with pytest.raises(NotReady, match=f"as of {alike.day} all did the same"):
        _tuned(tmp_path, [PERIODS[0], alike, *PERIODS[2:]])


def test_other_outcomes_are_another_question(tmp_path) -> None:
    """Trials on data that have since changed say nothing of the data that are there."""
    _tuned(tmp_path, trials=3)
    early = PERIODS[-1].scored
    changed = replace(PERIODS[-1], scored=replace(early, churned=1 - early.churned))
    again = []
    _tuned(tmp_path, [*PERIODS[:-1], changed], trials=2, tried=again)
    assert [each.number for each in again] == [0, 1]


def test_when_the_time_is_up_every_kind_has_its_usual_recipe(tmp_path) -> None:
    found = tune(
        [Recipe(kind="logistic"), Recipe(kind="random_forest")],
        PERIODS,
        definition=CODE,
        journal=tmp_path / "tuning.journal",
        seconds=0.0,
        seed=0,
    )
    assert {kind: each.recipe for kind, each in found.found.items()} == {
        "logistic": Recipe(kind="logistic"),
        "random_forest": Recipe(kind="random_forest"),
    }


def test_one_period_is_the_exam_and_nothing_is_left_to_tune_on(tmp_path) -> None:
    with pytest.raises(NotReady, match="Expected two periods"):
        _tuned(tmp_path, PERIODS[:1])


def test_what_is_written_is_read(tmp_path) -> None:
    found = _tuned(tmp_path)
    write_recipes(found, tmp_path / "recipes.json")
    read = read_recipes(tmp_path / "recipes.json")
    assert read.learned_until == found.learned_until
    assert {k: f.recipe for k, f in read.found.items()} == {
        k: f.recipe for k, f in found.found.items()
    }


def test_recipes_that_know_the_answers_are_refused(tmp_path) -> None:
    found = _tuned(tmp_path)
    exam = found.learned_until
    found.require_honest(exam=exam, definition=CODE, time_zone="UTC")
    with pytest.raises(NotReady, match="they know the answers"):
        found.require_honest(
            exam=exam - timedelta(microseconds=1), definition=CODE, time_zone="UTC"
        )
    with pytest.raises(NotReady, match="found recipes for inactivity-30d"):
        found.require_honest(exam=exam, definition="inactivity-90d", time_zone="UTC")


@pytest.mark.parametrize("half_life", [30.0, 90.0])
def test_older_snapshots_count_less(half_life: float) -> None:
    from training.recipes import row_weights

    weights = row_weights(Recipe(kind="logistic", half_life_days=half_life), TAKEN)
    means = weights.reshape(len(TAKEN), -1).mean(axis=1)
    np.testing.assert_allclose(means[1:] / means[:-1], 2 ** (30 / half_life))
    assert weights.mean() == pytest.approx(1.0)
    assert row_weights(Recipe(kind="logistic"), TAKEN) is None


def test_a_tuned_recipe_weighs_and_binds_as_the_project_says(tmp_path) -> None:
    usual = Recipe(kind="logistic", by_value=True, directions=(1, 0))
    applied = _tuned(tmp_path).found["logistic"].applied_to(usual)
    assert (applied.by_value, applied.directions) == (True, (1, 0))
    assert applied.parameters == _tuned(tmp_path).found["logistic"].recipe.parameters
