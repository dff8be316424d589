"""The letter follows from what was shown, and no letter is given where nothing was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from ebbtide.scorer.calibrator import sigmoid
from features.usability.shortfall import Shortfall
from training.evaluation.bootstrap import Estimate
from training.evaluation.evaluate import evaluate
from training.evaluation.evaluation import Rival
from training.evaluation.judged import Judged
from training.grade import LETTERS, MEANINGS, calibration_of, grade, standing_of


@pytest.fixture(scope="module")
def measured():
    """An evaluation of 2,000 customers, to be changed."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1.5, 2_000)
    judged = Judged(
        as_of=None,
        customer_ids=np.arange(2_000).astype(str),
        churned=(rng.random(2_000) < sigmoid(truth)).astype(float),
        log_odds=truth,
        p_churn=sigmoid(truth),
        rules={"recency": truth + rng.normal(0, 2, 2_000)},
        value=np.full(2_000, np.nan),
    )
    return evaluate(judged, settings=EvaluationSettings(resamples=200), seed=0)


def changed(evaluation, *, lead=None, slope=None, error=None, auc=None, **others):
    """Return an evaluation with other figures; a lead is (low, value, high)."""
    measures = dict(evaluation.measures)
    for name, value in (("calibration_slope", slope), ("calibration_error", error)):
        if value is not None:
            measures[name] = Estimate(value=value, low=value, high=value)
    if auc is not None:
        measures["auc"] = Estimate(low=auc[0], value=auc[1], high=auc[2])
    rivals = dict(evaluation.rivals)
    if lead is not None:
        difference = Estimate(low=lead[0], value=lead[1], high=lead[2])
        rivals["recency"] = Rival(auc=rivals["recency"].auc, difference=difference)
    return replace(evaluation, measures=measures, rivals=rivals, **others)


SURE, LIKELY, NOT, WORSE = (
    (0.01, 0.02, 0.03),
    (-0.01, 0.01, 0.03),
    (-0.03, -0.01, 0.01),
    (-0.05, -0.03, -0.01),
)


@pytest.mark.parametrize(
    ("lead", "slope", "error", "letter"),
    [
        pytest.param(SURE, 1.0, 0.02, "A", id="better beyond doubt, probabilities right"),
        pytest.param(SURE, 0.8, 0.05, "A", id="just within the limits"),
        pytest.param(SURE, 0.79, 0.02, "B", id="slope just out of range"),
        pytest.param(SURE, 1.26, 0.02, "B", id="slope just out of range above"),
        pytest.param(SURE, 1.0, 0.051, "B", id="error just out of range"),
        pytest.param(LIKELY, 1.0, 0.02, "B", id="lead not beyond doubt"),
        pytest.param(SURE, 1.0, 0.11, "C", id="probabilities off"),
        pytest.param(LIKELY, 0.7, 0.08, "C", id="both not beyond doubt"),
        pytest.param(LIKELY, 1.0, 0.2, "D", id="lead in doubt, probabilities off"),
        pytest.param(NOT, 1.0, 0.01, "D", id="no lead"),
        pytest.param((-0.01, 0.0, 0.01), 1.0, 0.01, "D", id="equal"),
        pytest.param(WORSE, 1.0, 0.01, "F", id="worse than the rule"),
        pytest.param(SURE, float("nan"), 0.01, "C", id="no slope"),
    ],
)
def test_the_letter(measured, lead, slope, error, letter):
    found = grade(changed(measured, lead=lead, slope=slope, error=error), is_later_period=True)
    assert found.letter == letter
    assert found.reasons[0] is MEANINGS[letter]


def test_a_model_that_may_be_no_better_than_chance_fails_even_if_it_leads(measured):
    by_chance = changed(measured, auc=(0.49, 0.55, 0.6), lead=SURE, slope=1.0, error=0.01)
    found = grade(by_chance, is_later_period=True)
    assert found.letter == "F"
    assert "no better than chance" in found.reasons[1].en


def test_one_period_without_a_lead_puts_the_lead_in_doubt(measured):
    good = changed(measured, lead=SURE, slope=1.0, error=0.02)
    found = grade(good, is_later_period=True, earlier=[good, changed(measured, lead=NOT)])
    assert found.letter == "B"
    assert any("1 of 2 earlier periods" in reason.en for reason in found.reasons)
    assert grade(good, is_later_period=True, earlier=[good, good]).letter == "A"


def test_without_a_later_period_there_is_no_grade_and_why(measured):
    found = grade(measured, is_later_period=False)
    assert found.letter is None
    assert "later period" in found.reasons[0].en
    assert (found.standing, found.calibration) == (None, None)


SNAPSHOTS = "at least 9 snapshots, and snapshots.max_count is 8"
DAYS = "400 days of log, and there are 399"


@pytest.mark.parametrize(
    ("max_count", "log_days", "said"),
    [
        pytest.param(8, 400, SNAPSHOTS, id="snapshots"),
        pytest.param(9, 399, DAYS, id="days"),
        pytest.param(8, 399, f"{SNAPSHOTS}; and {DAYS}", id="both"),
    ],
)
def test_what_stands_in_the_way_of_a_later_period_is_named(
    measured, max_count, log_days, said
) -> None:
    lacking = Shortfall(max_count=max_count, snapshots_needed=9, log_days=log_days, days_needed=400)
    reason = grade(measured, is_later_period=False, lacking=lacking).reasons[0]
    assert reason.en.endswith(f"a later period than it learned from takes {said}")
    assert ("至少 9 个快照,而 snapshots.max_count 为 8" in reason.zh) == (max_count == 8)
    assert ("400 天的历史数据,现有 399 天" in reason.zh) == (log_days == 399)
    assert grade(measured, is_later_period=True, lacking=lacking).letter is not None


@pytest.mark.parametrize(
    ("n_churned", "said"), [(99, "only 99 customers left"), (1_901, "only 99 customers stayed")]
)
def test_of_few_leavers_or_stayers_there_is_no_grade_and_why(measured, n_churned, said):
    found = grade(changed(measured, n_churned=n_churned), is_later_period=True)
    assert found.letter is None
    assert [said in reason.en for reason in found.reasons] == [True]


def test_everything_that_is_missing_is_said_at_once(measured):
    found = grade(changed(measured, n_churned=5), is_later_period=False)
    assert len(found.reasons) == 2


def test_the_reasons_name_the_rule_the_lead_and_what_came(measured):
    found = grade(changed(measured, lead=SURE, slope=1.04, error=0.02), is_later_period=True)
    said = " ".join(reason.en for reason in found.reasons)
    for words in ("days since the last purchase", "+0.020", "+0.010 to +0.030", "0.020", "1.04"):
        assert words in said
    assert all(reason.zh and reason.zh != reason.en for reason in found.reasons)


def test_an_error_that_chance_explains_is_said_to_be_one(measured):
    few = changed(measured, lead=SURE, slope=1.0, error=0.06, calibration_error_by_chance=0.05)
    assert "So few customers" in grade(few, is_later_period=True).reasons[-1].en
    many = changed(measured, lead=SURE, slope=1.0, error=0.06, calibration_error_by_chance=0.01)
    assert "So few" not in grade(many, is_later_period=True).reasons[-1].en


def test_a_slope_that_few_customers_tell_is_not_in_range(measured):
    roughly = dict(measured.measures)
    roughly["calibration_slope"] = Estimate(value=1.0, low=0.5, high=1.4)
    assert calibration_of(replace(measured, measures=roughly)) == "near"
    roughly["calibration_slope"] = Estimate(value=1.0, low=0.7, high=1.4)
    assert calibration_of(replace(measured, measures=roughly)) == "in range"


def test_without_rules_the_model_is_held_to_chance(measured):
    alone = replace(measured, rivals={}, best_rule=None)
    assert standing_of(alone) == "surely better"
    assert "(chance)" in grade(alone, is_later_period=True).reasons[1].en


def test_a_real_model_that_is_right_gets_the_best_grade(measured):
    assert standing_of(measured) == "surely better"
    assert calibration_of(measured) == "in range"
    assert grade(measured, is_later_period=True).letter == "A"


def test_no_grade_is_better_for_being_worse_in_something():
    order = "ABCDF"
    for table in LETTERS.values():
        found = [order.index(table[each]) for each in ("in range", "near", "off")]
        assert found == sorted(found)
    for calibration in ("in range", "near", "off"):
        column = [order.index(table[calibration]) for table in LETTERS.values()]
        assert column == sorted(column)


def test_a_grade_is_plain_data_in_both_languages(measured):
    plain = grade(measured, is_later_period=True).to_json()
    assert plain["letter"] == "A"
    assert set(plain["reasons"][0]) == {"en", "zh"}
