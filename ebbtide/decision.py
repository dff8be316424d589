"""Which action to take for each customer: the one that is expected to bring most, or none.

Effects are the policy's prior beliefs (``assumed``). Nothing here knows about requests, stores or
languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ebbtide import economics
from ebbtide.grounds import grounds_of
from ebbtide.offers import Offers
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grounds import Grounds
    from ebbtide.grouped import BoolArray as BoolArray
    from ebbtide.grouped import IndexArray
    from ebbtide.policy.policy import Action, Policy
    from ebbtide.scorer.scores import FloatArray

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

_NO_ACTIONS = tuple(NO_ACTION)
_VALUE_UNKNOWN = _NO_ACTIONS.index("value_unknown")
_NOT_ELIGIBLE = _NO_ACTIONS.index("not_eligible")
_OPTED_OUT = _NO_ACTIONS.index("contact_opt_out")
_NOT_WORTH_IT = _NO_ACTIONS.index("not_worth_it")
HELD_OUT = _NO_ACTIONS.index("holdout")
_Z_90 = 1.6448536269514722  # half-width of a central 90 % interval, in standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What is known about n customers when something is to be decided for them.

    Parameters
    ----------
    p_churn : calibrated probability of churn, in [0, 1], shape (n,).
    contributions : exact contributions of what matters, shape (n, features); see
        ``ebbtide.families.Families.material``.
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
    why_none : place in ``NO_ACTION`` of why there is none, shape (n,); -1 where there is one.
    """

    actions: tuple[Action, ...]
    chosen: IndexArray
    expected_value: FloatArray
    effect: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    expected_cost: FloatArray
    why_none: IndexArray

    @property
    def no_action(self) -> tuple[NoAction | None, ...]:
        """Why there is none, for each row; None where there is one."""
        return tuple(_NO_ACTIONS[why] if why >= 0 else None for why in self.why_none.tolist())


def decide(cases: Cases, *, policy: Policy, features: Sequence[FeatureContract]) -> Decisions:
    """Choose for each customer the allowed action of the highest expected value.

    None is chosen where no allowed action is expected to bring more than nothing. Of equal ones
    the cheaper wins, then the first by code. The rules about payment are looked at only for
    customers for whom some action could pay if it answered all that raises their risk.

    Parameters
    ----------
    cases : the customers.
    policy : the actions with their costs, causes and eligibility.
    features : the model's features, in the order of the columns.
    """
    return decide_among(Offers.of(policy, features), cases)


def decide_among(offers: Offers, cases: Cases, *, grounds: Grounds | None = None) -> Decisions:
    """Choose as :func:`decide` does, from offers that were worked out before.

    Parameters
    ----------
    offers : the actions.
    cases : the customers.
    grounds : what ``grounds_of`` finds for them; None where it was not asked yet.
    """
    if grounds is None:
        grounds = grounds_of(offers, p_churn=cases.p_churn, value=cases.value, values=cases.rows.T)
    shares = economics.shares_of_causes(cases.contributions.T, causes=offers.causes)
    match = offers.match(shares)
    worth = offers.worth(p_churn=cases.p_churn, value=cases.value, match=match)
    allowed = grounds.allowed
    # Where nothing can pay anyway, why it would not be allowed either is not asked: so such an
    # answer is the same whatever raises the risk, and can be given without knowing that.
    eligible = np.where(
        grounds.may_pay,
        offers.eligible(allowed, offers.payment(shares, cases.reasons)),
        allowed,
    )
    consented = offers.consented(eligible, cases.contact_opt_out)
    offered = np.where(consented, worth.profit, -np.inf)
    best = offered.argmax(axis=0)
    every = np.arange(len(best))
    pays = offered[best, every] > 0
    is_withheld = (eligible & (worth.profit > 0)).any(axis=0)
    why_none = _why_none(cases.value, eligible=eligible, consented=consented)
    why_none[is_withheld] = _OPTED_OUT
    why_none[pays] = -1
    reach = cases.p_churn * match[best, every]
    effect = np.where(pays, worth.effect[best, every], 0.0)
    spread = _Z_90 * offers.save_rate_sd[best, 0] * reach
    return Decisions(
        actions=offers.actions,
        chosen=np.where(pays, best, -1),
        expected_value=np.where(pays, worth.profit[best, every], 0.0),
        effect=effect,
        effect_low=np.where(pays, np.maximum(effect - spread, 0.0), 0.0),
        effect_high=np.where(pays, np.minimum(effect + spread, cases.p_churn), 0.0),
        expected_cost=np.where(pays, worth.cost[best, every], 0.0),
        why_none=why_none,
    )


def decide_none(
    offers: Offers, *, grounds: Grounds, value: FloatArray, contact_opt_out: BoolArray
) -> Decisions:
    """Return what :func:`decide_among` decides where no action may pay for any of the customers.

    Parameters
    ----------
    offers : the actions.
    grounds : of the customers, none of whom any action may pay for.
    value, contact_opt_out : as in :class:`Cases`.
    """
    nothing = np.zeros(len(value))
    consented = offers.consented(grounds.allowed, contact_opt_out)
    return Decisions(
        actions=offers.actions,
        chosen=np.full(len(value), -1),
        expected_value=nothing,
        effect=nothing,
        effect_low=nothing,
        effect_high=nothing,
        expected_cost=nothing,
        why_none=_why_none(value, eligible=grounds.allowed, consented=consented),
    )


def _why_none(value: FloatArray, *, eligible: BoolArray, consented: BoolArray) -> IndexArray:
    """Return why customers get no action, apart from those that consent alone rules out."""
    return np.where(
        np.isnan(value),
        _VALUE_UNKNOWN,
        np.where(
            eligible.any(axis=0),
            np.where(consented.any(axis=0), _NOT_WORTH_IT, _OPTED_OUT),
            _NOT_ELIGIBLE,
        ),
    )
