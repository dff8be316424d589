"""One round of decisions over four customers, settled by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ebbtide.policy.file import read_policy
from training.definition_lab.cost import choose_cost_model, cost_of_round

NAMES = ["spend_365d"]
POLICY = """
version = "1"
owner = "tests"
margin_rate = 0.5
value_horizon_days = 365
valid_days = 14
bands = { high = 0.6, medium = 0.3 }
"""
ACTION = """
[[actions]]
code = "CODE"
text = { en = "do", zh = "做" }
channel = "email"
contact_cost = 1.0
acceptance_cost = 10.0
stayer_acceptance_rate = 0.5
answers = ["CAUSE"]
is_discount = false
needs_contact_consent = true
save_rate = { mean = RATE, sd = 0.05 }
eligibility = { min_p_churn = 0.3, min_value = 50.0 }
"""


def action(code: str, cause: str, rate: float) -> str:
    return ACTION.replace("CODE", code).replace("CAUSE", cause).replace("RATE", str(rate))


def promised(*customers: tuple[float, float, float]):
    """Customers as spend, promised probability and outcome."""
    spend, p_churn, churned = (np.array(column) for column in zip(*customers, strict=True))
    return SimpleNamespace(rows=spend[:, None], p_churn=p_churn, churned=churned)


FOUR = promised((400, 0.9, 1), (400, 0.9, 0), (400, 0.2, 1), (40, 0.9, 1))


def settled(false_goodbye_share: float):
    policy = read_policy(POLICY + action("call", "disengagement", 0.2))
    model = choose_cost_model(policy, FOUR, names=NAMES, currency="EUR")
    return cost_of_round(model, FOUR, names=NAMES, false_goodbye_share=false_goodbye_share)


def test_losses_are_those_that_one_reckons_by_hand():
    found = settled(0.25)
    # Worth 200, 200, 200 and 20. The first two are contacted; the third is below the policy's
    # probability, the fourth below its value. A stayer costs 1 + 0.5 * 10 = 6; a leaver brings
    # 0.2 * 200 - (1 + 0.2 * 10) = 37. Sums are for 1,000 customers.
    assert found.contacted_share == 0.5
    assert found.wasted_on_false_goodbyes == pytest.approx(0.25 * 6 * 250)
    assert found.wasted_on_stayers == pytest.approx(6 * 250)
    assert found.missed == pytest.approx(0.75 * 37 * 250)
    assert found.by_nobody_contacted == pytest.approx(2 * 0.75 * 37 * 250)
    assert found.total == pytest.approx(
        found.wasted_on_false_goodbyes + found.wasted_on_stayers + found.missed
    )


def test_more_false_goodbyes_waste_more_and_miss_less():
    few, many = settled(0.1), settled(0.5)
    assert many.wasted_on_false_goodbyes > few.wasted_on_false_goodbyes
    assert many.missed < few.missed


def test_only_actions_that_answer_silence_are_considered():
    policy = read_policy(
        POLICY + action("call", "disengagement", 0.1) + action("repair", "service_failure", 0.9)
    )
    assert choose_cost_model(policy, FOUR, names=NAMES, currency="EUR").action.code == "call"


def test_the_action_that_brings_most_is_chosen_and_named():
    policy = read_policy(
        POLICY + action("call", "disengagement", 0.1) + action("visit", "rival_or_unknown", 0.2)
    )
    model = choose_cost_model(policy, FOUR, names=NAMES, currency="EUR")
    said = " ".join(model.assumptions)
    assert model.action.code == "visit"
    for fact in ("visit", "1.00 EUR", "10.00 more", "50%", "20%", "365 days", "0.30", "50.00 EUR"):
        assert fact in said
