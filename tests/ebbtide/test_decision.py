"""Decisions: the best allowed action or none, and what no number may overrule."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.causes import CAUSES
from ebbtide.contracts.feature import FeatureContract
from ebbtide.decision import Cases, Decisions, decide
from ebbtide.policy.file import load_policy
from ebbtide.policy.policy import Eligibility, FeatureBounds
from ebbtide.project import STARTER_POLICY
from ebbtide.words import Words
from row_by_row import top_features

POLICY = load_policy(STARTER_POLICY)
FEATURES = tuple(
    FeatureContract(
        name=f"about_{cause}",
        family=cause,
        table="transactions",
        unit="days",
        meaning=cause,
        reason=Words(cause, cause),
        cause=cause,
    )
    for cause in CAUSES
)


def case(
    p_churn: float = 0.7,
    value: float = 500.0,
    *,
    opt_out: bool = False,
    rows: list[float] | None = None,
    **causes: float,
) -> Cases:
    """One customer; each keyword is the contribution of a cause."""
    contributions = np.array([[causes.get(cause, -0.1) for cause in CAUSES]])
    return Cases(
        p_churn=np.array([p_churn]),
        contributions=contributions,
        rows=np.array([rows or [0.0] * len(FEATURES)]),
        reasons=top_features(
            contributions,
            rows=np.zeros_like(contributions),
            typical=np.zeros(len(FEATURES)),
            features=FEATURES,
        ),
        value=np.array([value]),
        contact_opt_out=np.array([opt_out]),
    )


def chosen(decisions: Decisions) -> str | None:
    index = int(decisions.chosen[0])
    return decisions.actions[index].code if index >= 0 else None


def decided(cases: Cases, policy=POLICY) -> Decisions:
    return decide(cases, policy=policy, features=FEATURES)


@pytest.mark.parametrize(
    ("causes", "code"),
    [
        ({"service_failure": 1.0}, "goodwill_credit"),
        ({"payment_failure": 1.0}, "billing_contact"),
        ({"poor_start": 1.0}, "onboarding_help"),
        ({"product_mismatch": 1.0}, "better_fit_review"),
        ({"disengagement": 1.0}, "discount_voucher"),
        ({}, None),
    ],
    ids=str,
)
def test_the_action_answers_the_cause(causes, code):
    assert chosen(decided(case(**causes))) == code


def test_the_expected_value_can_be_computed_by_hand():
    made = decided(case(p_churn=0.5, value=200.0, payment_failure=2.0))
    assert made.effect[0] == pytest.approx(0.5 * 0.35)
    assert made.expected_cost[0] == 1.0
    assert made.expected_value[0] == pytest.approx(0.5 * 0.35 * 200 - 1)
    assert made.effect_low[0] < made.effect[0] < made.effect_high[0] <= 0.5


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        (case(value=math.nan, disengagement=1.0), "value_unknown"),
        (case(value=0.0, disengagement=1.0), "not_worth_it"),
        (case(p_churn=0.0, disengagement=1.0), "not_worth_it"),
        (case(p_churn=0.21, value=5.0, disengagement=0.1, opt_out=True), "not_worth_it"),
        (case(product_mismatch=1.0, opt_out=True), "contact_opt_out"),
    ],
)
def test_none_is_chosen_and_says_why(cases, why):
    made = decided(cases)
    assert chosen(made) is None
    assert made.no_action == (why,)
    assert made.expected_value[0] == 0


def test_nobody_eligible_says_so():
    strict = Eligibility(min_value=1e6)
    policy = replace(POLICY, actions=tuple(replace(a, eligibility=strict) for a in POLICY.actions))
    assert decided(case(disengagement=1.0), policy).no_action == ("not_eligible",)


@pytest.mark.parametrize(
    ("bounds", "is_allowed"),
    [
        (FeatureBounds(name="about_poor_start", low=5.0, high=5.0), True),
        (FeatureBounds(name="about_poor_start", low=5.1), False),
        (FeatureBounds(name="about_poor_start", high=4.9), False),
        (FeatureBounds(name="about_service_failure", low=0.0), False),  # missing
        (FeatureBounds(name="of_another_model", low=0.0), False),
    ],
)
def test_eligibility_bounds_a_feature_and_fails_closed(bounds, is_allowed):
    rows = [5.0] * len(FEATURES)
    rows[list(CAUSES).index("service_failure")] = math.nan
    action = next(a for a in POLICY.actions if a.code == "onboarding_help")
    policy = replace(
        POLICY, actions=(replace(action, eligibility=Eligibility(features=(bounds,))),)
    )
    made = decided(case(poor_start=1.0, rows=rows), policy)
    assert (chosen(made) is not None) == is_allowed


def test_equal_actions_are_told_apart_by_cost_then_code():
    action = next(a for a in POLICY.actions if a.code == "billing_contact")
    twins = tuple(replace(action, code=code) for code in ("zebra", "apple", "mango"))
    for order in (twins, twins[::-1]):
        made = decided(case(payment_failure=1.0), replace(POLICY, actions=order))
        assert chosen(made) == "apple"


contributions = st.lists(st.floats(-2, 2), min_size=len(CAUSES), max_size=len(CAUSES))


@pytest.mark.property
@given(contributions, st.floats(0, 1), st.floats(0, 1e5), st.booleans())
def test_what_no_number_may_overrule(given_contributions, p_churn, value, opt_out):
    causes = dict(zip(CAUSES, given_contributions, strict=True))
    cases = case(p_churn, value, opt_out=opt_out, **causes)
    made = decided(cases)
    index = int(made.chosen[0])
    if index < 0:
        assert made.no_action[0] is not None
        return
    action = made.actions[index]
    assert made.expected_value[0] > 0
    assert 0 <= made.effect_low[0] <= made.effect[0] <= made.effect_high[0] <= p_churn
    assert not (opt_out and action.needs_contact_consent)
    shown = {FEATURES[column].cause for column in cases.reasons[0] if column >= 0}
    if "payment_failure" in shown:
        assert not action.is_discount
    if causes["payment_failure"] > max(0, *(v for c, v in causes.items() if c[:3] != "pay")):
        assert "payment_failure" in action.answers


@pytest.mark.property
@given(contributions, st.tuples(st.floats(0, 1), st.floats(0, 1)), st.floats(0, 1e5))
def test_higher_risk_never_lowers_the_expected_value(given_contributions, risks, value):
    causes = dict(zip(CAUSES, given_contributions, strict=True))
    low, high = (decided(case(p, value, **causes)).expected_value[0] for p in sorted(risks))
    assert high >= low - 1e-9 * max(value, 1)
