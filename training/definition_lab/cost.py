"""What acting on a definition would cost: actions wasted on those who stay, leavers not reached.

One round of decisions is played on the latest test snapshot with the project's policy, and settled
by what came. All of it rests on a cost model that is printed with its assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.economics import (
    VALUE_FEATURE,
    customer_value,
    effect_of_action,
    expected_cost,
    expected_value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.policy.policy import Action, Policy
    from ebbtide.scorer.scores import FloatArray
    from training.definition_lab.quality import Tested

PER_CUSTOMERS = 1_000
SILENCE = frozenset(("disengagement", "rival_or_unknown"))
"""The causes that a log of purchases shows; actions that answer one of them are considered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """One action of the policy, as if it answered every leaver's cause in full.

    Parameters
    ----------
    action : the policy's action.
    policy_version : which policy it is from.
    margin_rate, value_horizon_days : from spend to value, as in the policy.
    currency : of all sums.
    """

    action: Action
    policy_version: str
    margin_rate: float
    value_horizon_days: int
    currency: str

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Everything that the figures rest on, in sentences."""
        action, money = self.action, self.currency
        return (
            f"One action for everybody: {action.code} of policy {self.policy_version}, the one "
            f"that the policy expects to bring most here, among those that answer silence.",
            f"It costs {action.contact_cost:,.2f} {money} per contact and "
            f"{action.acceptance_cost:,.2f} more when accepted; "
            f"{action.stayer_acceptance_rate:.0%} of those who would stay anyway accept.",
            f"It keeps {action.save_rate.mean:.0%} of the leavers it reaches (the policy's belief, "
            f"not measured).",
            f"A customer is worth the margin ({self.margin_rate:.0%}) of the past year's spend "
            f"over {self.value_horizon_days} days.",
            f"A customer is contacted if that is expected to pay at the model's probability, and "
            f"the policy allows it: probability {action.eligibility.min_p_churn:.2f} or more, "
            f"value {action.eligibility.min_value:,.2f} {money} or more. Budget and capacity are "
            f"not limited.",
            "Who is called churned but bought in the follow-up would have come back anyway: an "
            "action on them is wasted, and missing them costs nothing. Leavers worth less than the "
            "policy asks for are not counted as missed.",
            f"Sums are for one round of decisions over {PER_CUSTOMERS:,} customers; rounds are not "
            "added up to a year, as the same silent customer is in many of them.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCost:
    """What one round of decisions loses, per 1,000 customers, in the project's currency.

    Parameters
    ----------
    contacted_share : share of customers for whom the action was expected to pay.
    wasted_on_false_goodbyes : actions on those who were called churned but came back.
    wasted_on_stayers : actions on those who bought within the horizon.
    missed : what the action would have brought on leavers who were not contacted.
    by_nobody_contacted : what is missed if nobody is contacted, for comparison.
    """

    contacted_share: float
    wasted_on_false_goodbyes: float
    wasted_on_stayers: float
    missed: float
    by_nobody_contacted: float

    @property
    def total(self) -> float:
        """All three losses together."""
        return self.wasted_on_false_goodbyes + self.wasted_on_stayers + self.missed


def choose_cost_model(
    policy: Policy, tested: Tested, *, names: Sequence[str], currency: str
) -> CostModel:
    """Choose the action of a policy that is expected to bring most on a test snapshot.

    Parameters
    ----------
    policy : the project's.
    tested : customers with their probabilities.
    names : the features of the columns.
    currency : of all sums.
    """
    value = _value(policy, tested, names)
    considered = [action for action in policy.actions if SILENCE & set(action.answers)]

    def brings(action: Action) -> float:
        allowed = (value >= action.eligibility.min_value) & (
            tested.p_churn >= action.eligibility.min_p_churn
        )
        return float((allowed * np.maximum(_expected(action, tested.p_churn, value), 0.0)).sum())

    return CostModel(
        action=max(considered or policy.actions, key=lambda action: (brings(action), action.code)),
        policy_version=policy.version,
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
        currency=currency,
    )


def cost_of_round(
    model: CostModel, tested: Tested, *, names: Sequence[str], false_goodbye_share: float
) -> RoundCost:
    """Play one round of decisions and settle it by what came.

    Parameters
    ----------
    model : the action and what it rests on.
    tested : customers with probabilities and outcomes.
    names : the features of the columns.
    false_goodbye_share : of those called churned, the share that comes back anyway, in [0, 1];
        measured on earlier snapshots, since the test's own second window may still be open.
    """
    action, churned = model.action, tested.churned
    value = _value(model, tested, names)
    worth_it = value >= action.eligibility.min_value
    contacted = (
        (_expected(action, tested.p_churn, value) > 0)
        & worth_it
        & (tested.p_churn >= action.eligibility.min_p_churn)
    )
    ones, zeros = np.ones_like(value), np.zeros_like(value)
    saved = np.full_like(value, action.save_rate.mean)
    on_stayer = _cost(action, zeros, zeros)
    on_leaver = saved * value - _cost(action, ones, saved)
    missed = worth_it * churned * (1.0 - false_goodbye_share) * np.maximum(on_leaver, 0.0)
    scale = PER_CUSTOMERS / len(churned)
    return RoundCost(
        contacted_share=float(contacted.mean()),
        wasted_on_false_goodbyes=float(
            (contacted * churned * false_goodbye_share * on_stayer).sum() * scale
        ),
        wasted_on_stayers=float((contacted * (1 - churned) * on_stayer).sum() * scale),
        missed=float((~contacted * missed).sum() * scale),
        by_nobody_contacted=float(missed.sum() * scale),
    )


def _expected(action: Action, p_churn: FloatArray, value: FloatArray) -> FloatArray:
    effect = effect_of_action(p_churn, save_rate=action.save_rate.mean, match=np.ones_like(p_churn))
    return expected_value(effect, value=value, cost=_cost(action, p_churn, effect))


def _cost(action: Action, p_churn: FloatArray, effect: FloatArray) -> FloatArray:
    return expected_cost(
        p_churn,
        effect=effect,
        contact_cost=action.contact_cost,
        acceptance_cost=action.acceptance_cost,
        stayer_acceptance_rate=action.stayer_acceptance_rate,
    )


def _value(model: CostModel | Policy, tested: Tested, names: Sequence[str]) -> FloatArray:
    spend = tested.rows[:, list(names).index(VALUE_FEATURE)]
    return customer_value(
        np.nan_to_num(spend),
        margin_rate=model.margin_rate,
        value_horizon_days=model.value_horizon_days,
    )
