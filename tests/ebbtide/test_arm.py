"""Arms in answers: the held-out are suggested nothing, the treated what they were before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import structs

from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.contracts.feature import FeatureContract
from ebbtide.definition import ChurnDefinition
from ebbtide.holdout import arm_of
from ebbtide.policy.file import load_policy
from ebbtide.policy.policy import Holdout
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from ebbtide.words import Words

STARTER = load_policy(STARTER_POLICY)
SALT = "a salt of tests"
HALF = replace(STARTER, holdout=Holdout(share=0.5, salt=SALT))
AS_OF, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
OF_ACTION = (
    "action_code",
    "action_text",
    "action_channel",
    "expected_value",
    "expected_cost",
    "effect",
    "effect_low",
    "effect_high",
    "effect_basis",
    "no_action_code",
    "no_action_text",
    "action_family",
    "arm",
    "propensity",
    "withheld_action_code",
    "policy_version",
)


class Unpaid:
    """Everybody owes something, and is at risk for it."""

    features = (
        FeatureContract(
            name="payments_overdue",
            family="payments",
            table="payments",
            unit="payments",
            meaning="Payments overdue.",
            reason=Words("{value} overdue", "逾期 {value} 笔"),
            cause="payment_failure",
        ),
    )
    typical = np.array([0.0])
    typical_by_outcome = TypicalByOutcome.unknown(1)

    def score(self, rows, *, explain=True):
        return Scores(p_churn=np.full(len(rows), 0.6), contributions=rows)


MODEL = SimpleNamespace(
    version="m",
    definition=ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365),
    lookback_days=365,
    calibration_error=0.02,
    calibration_checked_on="a later period",
    expectations=None,
    scorer=Unpaid(),
    reference=SimpleNamespace(percentile=lambda p: p * 100),
)


def answers(customers, policy, language="en", value=500.0):
    return answer_rows(
        np.ones((len(customers), 1)),
        questions=[
            Question(prediction_id=each, customer_id=each, as_of=AS_OF, value=value)
            for each in customers
        ],
        model=MODEL,
        policy=policy,
        scored_at=NOW,
        language=language,
    )


CUSTOMERS = [f"c-{number}" for number in range(40)]


def test_without_a_holdout_everybody_with_an_action_is_treated_for_sure():
    for each in answers(CUSTOMERS, STARTER):
        assert (each.action_code, each.arm, each.propensity) == ("billing_contact", "treated", 1.0)


def test_the_held_out_are_suggested_nothing_and_the_treated_what_they_were_before():
    arms = set()
    for before, made in zip(answers(CUSTOMERS, STARTER), answers(CUSTOMERS, HALF), strict=True):
        family = "billing_contact"
        arm = arm_of(made.customer_id, family=family, share=0.5, salt=SALT)
        assert (made.arm, made.propensity) == (arm, 0.5)
        arms.add(arm)
        if arm == "treated":
            dealt = {"propensity": 0.5, "policy_version": HALF.version}
            assert made == structs.replace(before, **dealt)
        else:
            assert (made.action_code, made.action_text, made.action_channel) == (None, None, None)
            assert (made.no_action_code, made.withheld_action_code) == ("holdout", family)
            assert "left alone on purpose" in made.no_action_text
            assert (made.expected_value, made.expected_cost, made.effect) == (0.0, 0.0, 0.0)
            assert (made.effect_low, made.effect_high, made.effect_basis) == (0.0, 0.0, None)
        untouched = dict.fromkeys(OF_ACTION)  # whatever does not follow from the decision
        assert structs.replace(made, **untouched) == structs.replace(before, **untouched)
    assert arms == {"treated", "holdout"}


def test_the_held_out_get_no_second_choice():
    action = next(each for each in STARTER.actions if each.code == "billing_contact")
    second = replace(action, code="billing_letter", contact_cost=3.0)
    policy = replace(
        STARTER,
        actions=(replace(action, holdout_share=0.5), second),
        holdout=Holdout(share=0.0, salt=SALT),
    )
    made = answers(CUSTOMERS, policy)
    assert {each.action_code for each in made} == {"billing_contact", None}
    assert {each.no_action_code for each in made} == {"holdout", None}


def test_actions_of_one_family_hold_out_the_same_customers():
    (action,) = (each for each in STARTER.actions if each.code == "billing_contact")
    arms = [
        [
            each.arm
            for each in answers(
                CUSTOMERS, replace(HALF, actions=(replace(action, code=code, family="billing"),))
            )
        ]
        for code in ("billing_contact", "billing_letter")
    ]
    assert arms[0] == arms[1]


def test_who_has_no_action_has_no_arm():
    (made,) = answers(["c-1"], HALF, value=0.0)
    assert made.no_action_code == "not_worth_it"
    assert (made.action_family, made.arm, made.propensity) == (None, None, None)


def test_the_held_out_are_told_so_in_chinese():
    (held,) = (each for each in answers(CUSTOMERS[:2], HALF, "zh") if each.arm == "holdout")
    assert held.no_action_text.startswith("暂不行动：该客户属于对照组")


def test_an_outcome_is_due_when_its_window_has_matured():
    (made,) = answers(["c-1"], STARTER)
    assert made.outcome_due_at == datetime(2026, 6, 6, tzinfo=UTC)


@pytest.mark.parametrize("policy", [STARTER, HALF], ids=["nobody held out", "half"])
def test_an_answer_is_read_back_from_the_log_as_it_was(policy):
    for made in answers(CUSTOMERS[:4], policy):
        assert answer_from_json(answer_to_json(made)) == made


def test_an_answer_from_before_there_were_arms_is_read():
    written = answer_to_json(answers(["c-1"], STARTER)[0])
    for name in ("arm", "propensity", "withheld_action_code", "outcome_due_at"):
        del written[name]
    assert answer_from_json(written).arm is None
