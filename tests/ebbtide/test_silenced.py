"""Who does not wish to be contacted is suggested no action that needs their consent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ebbtide.answer.answer import Answer
from ebbtide.answer.silenced import silenced
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY

POLICY = load_policy(STARTER_POLICY)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
CALLED = Answer(
    prediction_id="p",
    customer_id="c",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH,
    model_version="m",
    policy_version="p",
    definition="d",
    language="en",
    churn_probability=0.9,
    action_code="apology_call",
    action_text="Call",
    action_channel="phone",
    action_family="apology_call",
    arm="treated",
    propensity=0.9,
    value=100.0,
    value_basis="given",
    expected_value=7.0,
    expected_cost=1.0,
    effect=0.1,
    effect_low=0.0,
    effect_high=0.2,
    effect_basis="assumed",
)


@pytest.mark.parametrize("code", ["apology_call", "no longer in the policy"])
def test_an_action_that_needs_consent_is_withheld(code):
    left = silenced(replace(CALLED, action_code=code), policy=POLICY)
    assert left == replace(
        CALLED,
        action_code=None,
        action_text=None,
        action_channel=None,
        no_action_code="contact_opt_out",
        no_action_text="No action: the customer does not wish to be contacted",
        action_family=None,
        arm=None,
        propensity=None,
        expected_value=0.0,
        expected_cost=0.0,
        effect=0.0,
        effect_low=0.0,
        effect_high=0.0,
        effect_basis=None,
    )


@pytest.mark.parametrize("code", ["billing_contact", None])
def test_others_stay_as_they_are(code):
    answer = replace(CALLED, action_code=code)
    assert silenced(answer, policy=POLICY) is answer
