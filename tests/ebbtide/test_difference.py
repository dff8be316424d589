"""What differs between two answers, in numbers and in words that claim no cause."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ebbtide.answer.answer import Answer
from ebbtide.answer.difference import SAME_CONTRIBUTION, difference
from ebbtide.reasons import Reason

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def reason(feature, contribution=1.0, value=1.0) -> Reason:
    return Reason(
        feature=feature,
        family=f"family of {feature}",
        cause="disengagement",
        contribution=contribution,
        value=value,
        typical=0.0,
        text=f"{feature} is {value:g}",
    )


def answer(prediction_id="a", p_churn=0.5, *reasons, **changes) -> Answer:
    return replace(
        Answer(
            prediction_id=prediction_id,
            customer_id="c",
            status="scored",
            as_of=MARCH,
            scored_at=MARCH,
            valid_until=MARCH,
            model_version="m",
            policy_version="p",
            definition="d",
            language="en",
            churn_probability=p_churn,
            reasons=reasons,
        ),
        **changes,
    )


def compared(before, after, *, language="en", values_before=None, values_after=None):
    return difference(
        before,
        after,
        values_before=values_before or {},
        values_after=values_after or {},
        language=language,
    )


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, 1.0, "appeared"),
        (1.0, None, "gone"),
        (1.0, 1.0, "same"),
        (1.0, 1.0 + 0.9 * SAME_CONTRIBUTION, "same"),
        (1.0, 1.0 + 1.1 * SAME_CONTRIBUTION, "stronger"),
        (1.0, 1.0 - 1.1 * SAME_CONTRIBUTION, "weaker"),
    ],
)
def test_each_reason_of_either_says_what_became_of_it(before, after, change):
    sides = [
        answer(name, 0.5, *([] if size is None else [reason("f", size)]))
        for name, size in (("a", before), ("b", after))
    ]
    (found,) = compared(*sides).reasons
    assert (found.feature, found.change) == ("f", change)
    assert (found.contribution_before, found.contribution_after) == (before, after)


def test_the_logged_value_stands_where_a_feature_was_no_reason():
    found = compared(
        answer("a", 0.5, reason("gone", value=7.0)),
        answer("b", 0.5, reason("new", value=3.0)),
        values_before={"new": 1.0, "gone": 99.0},
        values_after={},
    )
    values = {each.feature: (each.value_before, each.value_after) for each in found.reasons}
    assert values == {"new": (1.0, 3.0), "gone": (7.0, None)}


def test_contributions_of_two_models_are_not_compared():
    sides = [
        answer("a", 0.5, reason("f", 1.0)),
        answer("b", 0.5, reason("f", 2.0), model_version="other"),
    ]
    found = compared(*sides)
    assert (found.model_changed, found.reasons[0].change) == (True, "not_comparable")


@pytest.mark.parametrize(
    ("before", "after", "english", "chinese"),
    [
        (
            0.25,
            0.5,
            "The probability rose by 25.0 points, from 25.0% to 50.0%.",
            "流失概率上升 25.0 个百分点，由 25.0% 升至 50.0%。",
        ),
        (
            0.5,
            0.4871,
            "The probability fell by 1.3 points, from 50.0% to 48.7%.",
            "流失概率下降 1.3 个百分点，由 50.0% 降至 48.7%。",
        ),
        (0.5, 0.50001, "The probability stayed at 50.0%.", "流失概率仍为 50.0%。"),
        (
            None,
            0.5,
            "There was no score before; the probability is 50.0%.",
            "此前没有评分；流失概率为 50.0%。",
        ),
        (
            0.5,
            None,
            "The probability was 50.0%; there is no score now.",
            "此前流失概率为 50.0%；现在没有评分。",
        ),
        (
            None,
            None,
            "There was no score before, and there is none now.",
            "此前没有评分，现在也没有。",
        ),
    ],
)
def test_the_movement_in_words(before, after, english, chinese):
    sides = answer("a", before), answer("b", after)
    assert compared(*sides).why_changed == english
    assert compared(*sides, language="zh").why_changed == chinese


def test_the_sentence_says_all_that_changed_and_names_by_feature_what_was_said_otherwise():
    before = answer("a", 0.5, reason("gone"), reason("less", 2.0), reason("more", 1.0))
    after = answer("b", 0.5, reason("new"), reason("less", 1.0), reason("more", 2.0))
    assert compared(before, after).why_changed == (
        "The probability stayed at 50.0%; new among the reasons: “new is 1”; "
        "no longer among them: “gone is 1”; weighing more: “more is 1”; weighing less: “less is 1”."
    )
    assert compared(before, after, language="zh").why_changed == (
        "流失概率仍为 50.0%；新出现的因素：new；不再出现的因素：gone；权重增加的因素：more；"
        "权重减少的因素：less。"
    )


def test_other_versions_are_said():
    other = answer("b", 0.5, model_version="x", policy_version="y", definition="z")
    found = compared(answer(), other)
    assert found.model_changed
    assert found.policy_changed
    assert found.definition_changed
    assert found.why_changed == (
        "The probability stayed at 50.0%; the churn definition is another, so that the two answers "
        "do not mean the same; another model scored, so that weights are not compared; the policy "
        "is another."
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_claims_a_cause(language):
    words = (
        "because",
        "due to",
        "caused",
        "led to",
        "reason for",
        "thanks to",
        "因为",
        "导致",
        "由于",
    )
    before = answer("a", 0.2, reason("f"), language=language)
    after = answer("b", 0.6, reason("g"), model_version="x", language=language)
    sentence = compared(before, after, language=language).why_changed
    assert not any(word in sentence for word in words)


def test_of_reasons_that_were_not_asked_for_nothing_is_said():
    full, none = answer("a", 0.7, reason("gap")), answer("b", 0.7)
    bare = replace(none, reasons_asked=False)
    for before, after in ((full, bare), (bare, full)):
        told = compared(before, after)
        assert told.reasons == ()
        assert "among" not in told.why_changed
    assert "among" in compared(full, none).why_changed
