"""Every measure, rule, figure and letter is in the page of evaluation, and no other."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from training.evaluation.evaluate import MEASURES
from training.evaluation.promises import error_by_chance
from training.evaluation.slices import MOST_LEVELS, Slice
from training.grade import FEWEST_OF_EACH, IN_RANGE, LETTERS, MEANINGS, NEAR
from training.rules import DUMMY, RULES


@pytest.fixture
def page(reference):
    return reference("evaluation.md")


def test_each_measure_is_documented_and_no_other(page):
    assert list(page.rows("Measures")) == list(MEASURES)


def test_each_rule_is_documented_and_no_other(page):
    assert list(page.rows("Rivals")) == [*(rule.name for rule in RULES), DUMMY]


def test_each_setting_of_money_is_documented_with_its_default(page):
    rows, defaults = page.rows("Profit"), EvaluationSettings()
    assert set(rows) == {"clv", "incentive", "contact_cost", "alpha", "beta"}
    for name in ("clv", "incentive", "contact_cost"):
        assert float(rows[name][1]) == getattr(defaults, name)
    assert rows["alpha"][1] == f"{defaults.alpha:g}, {defaults.beta:g}"


def test_each_figure_of_a_slice_is_documented_and_no_other(page):
    figures = {each.name for each in fields(Slice)} - {"attribute", "level"}
    assert set(page.rows("Slices and fairness")) == figures
    assert f"the {MOST_LEVELS} largest slices" in page.section("Slices and fairness")


def test_the_letters_are_those_that_are_given(page):
    rows = page.rows("The grade")
    for standing, letters in LETTERS.items():
        assert rows[standing][1:] == list(letters.values())
    for letter, meaning in MEANINGS.items():
        assert rows[letter][1] == meaning.en


def test_the_limits_are_those_that_are_asked_for(page):
    said = page.section("The grade")
    for name, (low, high, most) in (("in range", IN_RANGE), ("near", NEAR)):
        assert f"| {name} | {low} to {high} | at most {most} |" in said
    assert f"fewer than {FEWEST_OF_EACH} customers left" in said


def test_the_error_by_chance_is_as_large_as_is_said(page):
    rng = np.random.default_rng(0)
    for n, said in ((500, 0.05), (5_000, 0.016)):
        assert error_by_chance(rng.random(n)) == pytest.approx(said, rel=0.15)
        assert f"{n:,}" in page.section("Measures")
        assert f"{said}" in page.section("Measures")
