"""Reasons: what raises the risk most, one per family, in words that state facts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.scorer.typical import TypicalByOutcome
from ebbtide.words import Words
from row_by_row import material_contributions, reasons_of_row, top_features


def contract(name: str, family: str, *, when_null: Words | None = None) -> FeatureContract:
    return FeatureContract(
        name=name,
        family=family,
        table="transactions",
        unit="days",
        meaning=name,
        reason=Words(name + " {value}", name + " {value}"),
        cause="disengagement",
        when_null=when_null,
    )


FEATURES = (
    contract("a1", "a"),
    contract("a2", "a"),
    contract("b1", "b", when_null=Words("never", "从未")),
    contract("c1", "c"),
    contract("d1", "d"),
)


def names(contributions: list[float]) -> list[str]:
    material = material_contributions(np.array([contributions]), features=FEATURES)
    top = top_features(
        material, rows=np.ones_like(material), typical=np.zeros(5), features=FEATURES
    )[0]
    return [FEATURES[i].name for i in top if i >= 0]


def test_at_most_one_reason_per_family_and_three_in_all():
    assert names([0.5, 0.6, 0.1, 0.2, 0.3]) == ["a2", "d1", "c1"]


def test_what_lowers_the_risk_is_no_reason():
    assert names([-0.5, -0.6, 0.1, 0.0, -0.3]) == ["b1"]
    assert names([-1.0, -1.0, -1.0, -1.0, -1.0]) == []


def test_a_family_is_judged_by_the_sum_of_its_features():
    assert names([0.9, -0.9, 0.3, 0.0, 0.0]) == ["b1"]
    assert names([0.3, 0.2, 0.4, 0.0, 0.0]) == ["a1", "b1"]


def test_what_hardly_moves_the_score_is_no_reason():
    assert names([-2.0, 0.0, 0.09, 0.5, 0.0]) == ["c1"]
    assert names([-2.0, 0.0, 0.2, 0.5, 0.0]) == ["c1", "b1"]


def test_material_contributions_are_exact_and_the_others_zero():
    row = np.array([[0.4, -0.1, 0.01, -0.5, 0.0]])
    assert material_contributions(row, features=FEATURES).tolist() == [[0.4, -0.1, 0, 0, 0]]


def test_of_equal_reasons_the_first_feature_wins():
    assert names([0.2, 0.2, 0.2, 0.2, 0.2]) == ["a1", "b1", "c1"]


def test_fewer_families_than_reasons_is_fine():
    one = np.array([[0.5]])
    top = top_features(one, rows=one, typical=np.zeros(1), features=FEATURES[:1])
    assert top.tolist() == [[0, -1, -1]]


@pytest.mark.parametrize(
    ("risk", "value", "typical", "is_shown"),
    [
        pytest.param("rises", 5.0, 2.0, True, id="more than usual of what is bad"),
        pytest.param("rises", 1.0, 2.0, False, id="less than usual of what is bad"),
        pytest.param("rises", 2.0, 2.0, False, id="as usual"),
        pytest.param("rises", math.nan, 2.0, False, id="none of what is bad"),
        pytest.param("rises", 1.0, math.nan, True, id="most have none of what is bad"),
        pytest.param("falls", 1.0, 2.0, True, id="less than usual of what is good"),
        pytest.param("falls", 3.0, 2.0, False, id="more than usual of what is good"),
        pytest.param("falls", math.nan, 2.0, True, id="none of what is good"),
        pytest.param(None, 1.0, 2.0, True, id="no direction agreed"),
        pytest.param(None, 2.0, 2.0, False, id="as usual, and no direction agreed"),
        pytest.param(None, math.nan, math.nan, True, id="none, and no direction agreed"),
    ],
)
def test_a_reason_does_not_read_as_good_news(risk, value, typical, is_shown):
    feature = replace(FEATURES[0], risk=risk)
    top = top_features(
        np.array([[0.5]]), rows=np.array([[value]]), typical=np.array([typical]), features=[feature]
    )
    assert (top[0, 0] == 0) == is_shown


def test_a_reason_states_value_and_typical_and_null_in_words():
    made = reasons_of_row(
        np.array([0, 2, -1]),
        features=FEATURES,
        contributions=np.array([0.5, 0, 0.25, 0, 0]),
        values=np.array([143.0, 0, math.nan, 0, 0]),
        typical=np.array([30.0, 0, math.nan, 0, 0]),
        language="en",
    )
    assert [reason.text for reason in made] == ["a1 143 (typical: 30)", "never"]
    assert [(reason.value, reason.typical) for reason in made] == [(143.0, 30.0), (None, None)]
    assert [reason.contribution for reason in made] == [0.5, 0.25]


def test_the_commonest_category_may_be_a_reason():
    learned = Learned(kind="category", categories=("Month-to-month", "Two year"))
    top = top_features(
        np.array([[0.5]]),
        rows=np.zeros((1, 1)),
        typical=np.zeros(1),
        features=[replace(FEATURES[0], learned=learned)],
    )
    assert top[0, 0] == 0


@pytest.mark.parametrize(
    ("risk", "value", "stayers", "leavers", "is_shown"),
    [
        pytest.param("rises", 35.0, 28.0, 60.0, True, id="worse than stayers"),
        pytest.param("rises", 35.0, 50.0, 90.0, False, id="worse than all now, as good as stayers"),
        pytest.param(
            "rises", 35.0, 60.0, 28.0, True, id="groups against what is agreed say nothing"
        ),
        pytest.param("falls", 10.0, 40.0, 20.0, True, id="less of what is good"),
        pytest.param("falls", 10.0, 9.0, 5.0, False, id="more of what is good than stayers"),
        pytest.param(None, 35.0, 28.0, 60.0, True, id="no direction agreed, on the leavers' side"),
        pytest.param(None, 35.0, 60.0, 28.0, True, id="the same the other way round"),
        pytest.param(None, 35.0, 40.0, 60.0, False, id="no direction agreed, on the stayers' side"),
        pytest.param(None, 40.9, 40.0, 60.0, False, id="hardly off the stayers"),
        pytest.param(None, 41.1, 40.0, 60.0, True, id="off the stayers"),
        pytest.param("falls", 9.9, 10.0, 2.0, False, id="hardly less of what is good"),
        pytest.param(None, 35.0, 35.0, 35.0, True, id="groups that do not differ say nothing"),
        pytest.param(None, 35.0, math.nan, 20.0, True, id="one group alone says nothing"),
        pytest.param(None, math.nan, 40.0, 60.0, True, id="missing is on nobody's side"),
    ],
)
def test_a_value_on_the_stayers_side_is_no_reason(risk, value, stayers, leavers, is_shown):
    top = top_features(
        np.array([[0.5]]),
        rows=np.array([[value]]),
        typical=np.array([30.0]),
        features=[replace(FEATURES[0], risk=risk)],
        by_outcome=TypicalByOutcome(stayers=np.array([stayers]), leavers=np.array([leavers])),
    )
    assert (top[0, 0] == 0) == is_shown


@pytest.mark.parametrize(("value", "is_shown"), [(0.0, True), (1.0, False)])
def test_the_category_of_those_who_stay_is_no_reason(value, is_shown):
    learned = Learned(kind="category", categories=("Month-to-month", "Two year"))
    top = top_features(
        np.array([[0.5]]),
        rows=np.array([[value]]),
        typical=np.zeros(1),
        features=[replace(FEATURES[0], learned=learned)],
        by_outcome=TypicalByOutcome(stayers=np.ones(1), leavers=np.zeros(1)),
    )
    assert (top[0, 0] == 0) == is_shown


def reason(value, *, stayers, leavers, language="en", **changes):
    [made] = reasons_of_row(
        np.array([0, -1, -1]),
        features=[replace(FEATURES[0], **changes)],
        contributions=np.array([0.5]),
        values=np.array([value]),
        typical=np.array([1.0]),
        by_outcome=TypicalByOutcome(stayers=np.array([stayers]), leavers=np.array([leavers])),
        language=language,
    )
    return made


def test_a_reason_names_what_is_typical_of_stayers_and_leavers():
    made = reason(9.0, stayers=2.0, leavers=6.5)
    assert made.text == "a1 9; stayers typically 2, leavers 6.5"
    assert (made.typical, made.typical_stayers, made.typical_leavers) == (1.0, 2.0, 6.5)
    assert reason(9.0, stayers=2.0, leavers=6.5, language="zh").text == (
        "a1 9；留存客户一般为 2，流失客户一般为 6.5"
    )


@pytest.mark.parametrize(
    ("stayers", "leavers", "risk"),
    [
        pytest.param(2.0, 2.0, None, id="no difference"),
        pytest.param(2.0, math.nan, None, id="one group unknown"),
        pytest.param(6.0, 2.0, "rises", id="a difference against what is agreed"),
        pytest.param(2.001, 2.002, None, id="no difference in words"),
    ],
)
def test_where_both_groups_say_nothing_the_typical_of_all_is_said(stayers, leavers, risk):
    assert reason(9.0, stayers=stayers, leavers=leavers, risk=risk).text == "a1 9 (typical: 1)"


def test_categories_of_both_groups_are_named():
    learned = Learned(kind="category", categories=("Month-to-month", "Two year"))
    made = reason(0.0, stayers=1.0, leavers=0.0, learned=learned)
    assert made.text == "a1 Month-to-month; stayers typically Two year, leavers Month-to-month"
    assert (made.typical_stayers, made.typical_leavers) == ("Two year", "Month-to-month")
