"""Which action to take for each customer: the one that is expected to bring most, or none.

Effects are the policy's prior beliefs (``assumed``). Nothing here knows about requests, stores or
languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ebbtide import economics
from ebbtide.causes import CAUSES
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.policy.policy import Action, Policy
    from ebbtide.reasons import IndexArray
    from ebbtide.scorer.scores import FloatArray

BoolArray = NDArray[np.bool_]

EffectBasis = Literal["assumed"]

NoAction = Literal["value_unknown", "not_eligible", "contact_opt_out", "not_worth_it", "holdout"]

NO_ACTION: dict[NoAction, Words] = {
    "value_unknown": Words(
        "No action: the customer's value is not known; send it as value",
        "暂不行动：客户价值未知，请在 value 中提供",
    ),
    "not_eligible": Words(
        "No action: the customer is eligible for none under the policy",
        "暂不行动：按现行策略，该客户不符合任何措施的条件",
    ),
    "contact_opt_out": Words(
        "No action: the customer does not wish to be contacted",
        "暂不行动：客户不希望被联系",
    ),
    "not_worth_it": Words(
        "No action: none is expected to bring more than it costs",
        "暂不行动：所有措施的预期收益均低于成本",
    ),
    "holdout": Words(
        "No action: the customer is left alone on purpose, so that the effect of actions can be "
        "measured",
        "暂不行动：该客户属于对照组，有意不采取措施，以便衡量措施的效果",
    ),
}

assert tuple(NO_ACTION) == get_args(NoAction)

_CAUSES = tuple(CAUSES)
_PAYMENT = _CAUSES.index("payment_failure")
_Z_90 = 1.6448536269514722  # half-width of a central 90 % interval, in standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What is known about n customers when something is to be decided for them.

    Parameters
    ----------
    p_churn : calibrated probability of churn, in [0, 1], shape (n,).
    contributions : exact contributions of what matters, shape (n, features); see
        ``ebbtide.reasons.material_contributions``.
    rows : feature values, shape (n, features); NaN is missing.
    reasons : columns of the reasons shown, shape (n, 3); -1 is none.
    value : margin at stake, currency, shape (n,); NaN is unknown.
    contact_opt_out : whether the customer does not wish to be contacted, shape (n,).
    """

    p_churn: FloatArray
    contributions: FloatArray
    rows: FloatArray
    reasons: IndexArray
    value: FloatArray
    contact_opt_out: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What was decided for n customers.

    Parameters
    ----------
    actions : the policy's actions, in the order that ``chosen`` counts.
    chosen : index of the action, shape (n,); -1 is none.
    expected_value : profit expected of it, currency, shape (n,); 0 for none.
    effect, effect_low, effect_high : reduction of the churn probability with its central 90 %
        interval, in [0, 1], shape (n,); 0 for none.
    expected_cost : cost expected of it, currency, shape (n,); 0 for none.
    no_action : why there is none, for each row; None where there is one.
    """

    actions: tuple[Action, ...]
    chosen: IndexArray
    expected_value: FloatArray
    effect: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    expected_cost: FloatArray
    no_action: tuple[NoAction | None, ...]


def decide(cases: Cases, *, policy: Policy, features: Sequence[FeatureContract]) -> Decisions:
    """Choose for each customer the allowed action of the highest expected value.

    None is chosen where no allowed action is expected to bring more than nothing. Of equal ones
    the cheaper wins, then the first by code.

    Parameters
    ----------
    cases : the customers.
    policy : the actions with their costs, causes and eligibility.
    features : the model's features, in the order of the columns.
    """
    actions = tuple(
        sorted(policy.actions, key=lambda a: (a.contact_cost + a.acceptance_cost, a.code))
    )
    shares = economics.risk_by_cause(cases.contributions, columns=_columns_by_cause(features))
    match = np.stack([_match(shares, action) for action in actions], axis=1)
    effects = np.stack(
        [
            economics.effect_of_action(
                cases.p_churn, save_rate=action.save_rate.mean, match=match[:, place]
            )
            for place, action in enumerate(actions)
        ],
        axis=1,
    )
    costs = np.stack(
        [
            economics.expected_cost(
                cases.p_churn,
                effect=effects[:, place],
                contact_cost=action.contact_cost,
                acceptance_cost=action.acceptance_cost,
                stayer_acceptance_rate=action.stayer_acceptance_rate,
            )
            for place, action in enumerate(actions)
        ],
        axis=1,
    )
    values = economics.expected_value(effects, value=cases.value[:, None], cost=costs)
    eligible = _eligible(cases, actions=actions, features=features, shares=shares)
    consented = eligible & ~(
        cases.contact_opt_out[:, None]
        & np.array([action.needs_contact_consent for action in actions])
    )
    offered = np.where(consented, values, -np.inf)
    best = np.argmax(offered, axis=1)
    every = np.arange(len(best))
    pays = offered[every, best] > 0
    withheld = np.where(eligible, values, -np.inf).max(axis=1, initial=-np.inf) > 0
    sd = np.array([action.save_rate.sd for action in actions])[best]
    reach = cases.p_churn * match[every, best]
    effect = np.where(pays, effects[every, best], 0.0)
    return Decisions(
        actions=actions,
        chosen=np.where(pays, best, -1),
        expected_value=np.where(pays, values[every, best], 0.0),
        effect=effect,
        effect_low=np.where(pays, np.maximum(effect - _Z_90 * sd * reach, 0.0), 0.0),
        effect_high=np.where(pays, np.minimum(effect + _Z_90 * sd * reach, cases.p_churn), 0.0),
        expected_cost=np.where(pays, costs[every, best], 0.0),
        no_action=tuple(
            None if pays[row] else _why_none(cases, row, eligible, consented, bool(withheld[row]))
            for row in range(len(best))
        ),
    )


def _columns_by_cause(features: Sequence[FeatureContract]) -> list[list[int]]:
    return [
        [column for column, feature in enumerate(features) if feature.cause == cause]
        for cause in _CAUSES
    ]


def _match(shares: FloatArray, action: Action) -> FloatArray:
    """Share of what raises each customer's risk that an action answers."""
    match = np.zeros(len(shares))
    for cause in sorted(set(action.answers)):
        match += shares[:, _CAUSES.index(cause)]
    return np.minimum(match, 1.0)


def _eligible(
    cases: Cases,
    *,
    actions: Sequence[Action],
    features: Sequence[FeatureContract],
    shares: FloatArray,
) -> BoolArray:
    """Whether each action may be offered to each customer, contact consent aside."""
    payment_leads = (np.argmax(shares, axis=1) == _PAYMENT) & (shares[:, _PAYMENT] > 0)
    payment_columns = [
        column for column, feature in enumerate(features) if feature.cause == "payment_failure"
    ]
    payment_shown = payment_leads | np.isin(cases.reasons, payment_columns).any(axis=1)
    column_of = {feature.name: column for column, feature in enumerate(features)}
    eligible = np.zeros((len(cases.p_churn), len(actions)), dtype=np.bool_)
    for place, action in enumerate(actions):
        rule = action.eligibility
        allowed = (cases.p_churn >= rule.min_p_churn) & (cases.value >= rule.min_value)
        if "payment_failure" not in action.answers:
            allowed &= ~payment_leads
        if action.is_discount:
            allowed &= ~payment_shown
        for bounds in rule.features:
            if bounds.name not in column_of:
                allowed = np.zeros_like(allowed)
                break
            values = cases.rows[:, column_of[bounds.name]]
            allowed &= ~np.isnan(values)
            if bounds.low is not None:
                allowed &= values >= bounds.low
            if bounds.high is not None:
                allowed &= values <= bounds.high
        eligible[:, place] = allowed
    return eligible


def _why_none(
    cases: Cases, row: int, eligible: BoolArray, consented: BoolArray, is_withheld: bool
) -> NoAction:
    if np.isnan(cases.value[row]):
        return "value_unknown"
    if not eligible[row].any():
        return "not_eligible"
    if not consented[row].any() or is_withheld:
        return "contact_opt_out"
    return "not_worth_it"
