"""The actions of a policy as arrays: what each would bring, and to whom it may be offered.

All that a policy and a model's features decide is worked out once. Tables have a row for each
action, feature or cause and a column for each customer. Which action is taken is decided in
:mod:`ebbtide.decision`; the formulas are in :mod:`ebbtide.economics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide import economics
from ebbtide.causes import CAUSES
from ebbtide.grouped import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.policy.policy import Action, Policy
    from ebbtide.scorer.scores import FloatArray

_CAUSES = tuple(CAUSES)
PAYMENT = _CAUSES.index("payment_failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What each action would bring, for each customer.

    Parameters
    ----------
    effect : reduction of the churn probability, shape (actions, n).
    cost : expected cost, currency, shape (actions, n).
    profit : expected profit against doing nothing, currency, shape (actions, n); NaN where the
        customer's value is not known.
    """

    effect: FloatArray
    cost: FloatArray
    profit: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Who is at risk for want of payment.

    Parameters
    ----------
    leads : whether it is the greatest cause, shape (n,).
    is_shown : whether it leads or is among the reasons, shape (n,).
    """

    leads: BoolArray
    is_shown: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """The actions of one policy for the features of one model.

    Parameters
    ----------
    actions : the cheaper first, then by code: the order in which equal ones win.
    causes : features by cause.
    answers : sets of causes that actions answer, each in alphabetical order.
    set_of_action : which of these sets each action answers, shape (actions,).
    reach : 1.0 where a feature points at any cause that an action answers, else 0.0, shape
        (actions, 1): the most that it can answer.
    is_payment : whether each feature points at payment failure, shape (features + 1,); the last is
        no feature.
    bounds : action, feature, and the lowest and highest value allowed; a feature that the model
        lacks is -1.
    save_rate, save_rate_sd, contact_cost, acceptance_cost, stayer_acceptance_rate, min_p_churn,
    min_value, needs_consent, is_discount, answers_payment : of each action, shape (actions, 1).
    """

    actions: tuple[Action, ...]
    causes: Groups
    answers: Groups
    set_of_action: IndexArray
    reach: FloatArray
    is_payment: BoolArray
    bounds: tuple[tuple[int, int, float, float], ...]
    save_rate: FloatArray
    save_rate_sd: FloatArray
    contact_cost: FloatArray
    acceptance_cost: FloatArray
    stayer_acceptance_rate: FloatArray
    min_p_churn: FloatArray
    min_value: FloatArray
    needs_consent: BoolArray
    is_discount: BoolArray
    answers_payment: BoolArray

    @classmethod
    def of(cls, policy: Policy, features: Sequence[FeatureContract]) -> Offers:
        """Work out what a policy and a model's features decide."""
        actions = tuple(
            sorted(policy.actions, key=lambda a: (a.contact_cost + a.acceptance_cost, a.code))
        )
        by_cause = columns_by_cause(features)
        column_of = {feature.name: column for column, feature in enumerate(features)}
        answers = [
            tuple(_CAUSES.index(cause) for cause in sorted(set(action.answers)))
            for action in actions
        ]
        sets = list(dict.fromkeys(answers))

        def numbers(each: list[float]) -> FloatArray:
            return np.array(each, dtype=np.float64)[:, None]

        def flags(each: list[bool]) -> BoolArray:
            return np.array(each, dtype=np.bool_)[:, None]

        return cls(
            actions=actions,
            causes=Groups.of(by_cause),
            answers=Groups.of(sets),
            set_of_action=np.array([sets.index(each) for each in answers], dtype=np.intp),
            reach=numbers([any(by_cause[cause] for cause in each) for each in answers]),
            is_payment=np.array(
                [*(feature.cause == _CAUSES[PAYMENT] for feature in features), False]
            ),
            bounds=tuple(
                (
                    place,
                    column_of.get(bounds.name, -1),
                    -np.inf if bounds.low is None else bounds.low,
                    np.inf if bounds.high is None else bounds.high,
                )
                for place, action in enumerate(actions)
                for bounds in action.eligibility.features
            ),
            save_rate=numbers([action.save_rate.mean for action in actions]),
            save_rate_sd=numbers([action.save_rate.sd for action in actions]),
            contact_cost=numbers([action.contact_cost for action in actions]),
            acceptance_cost=numbers([action.acceptance_cost for action in actions]),
            stayer_acceptance_rate=numbers([action.stayer_acceptance_rate for action in actions]),
            min_p_churn=numbers([action.eligibility.min_p_churn for action in actions]),
            min_value=numbers([action.eligibility.min_value for action in actions]),
            needs_consent=flags([action.needs_contact_consent for action in actions]),
            is_discount=flags([action.is_discount for action in actions]),
            answers_payment=flags(["payment_failure" in action.answers for action in actions]),
        )

    def asks_for_reasons(self, material: FloatArray) -> bool:
        """Whether a reason that is shown may rule an action out for any customer.

        Only a reason about payment does, and what a reason shows has raised the risk.

        Parameters
        ----------
        material : contributions of the families that matter, shape (features, n).
        """
        return bool(self.is_discount.any() and (material[self.is_payment[:-1]] > 0).any())

    def match(self, shares: FloatArray) -> FloatArray:
        """Return the share of what raises each customer's risk that each action answers.

        Parameters
        ----------
        shares : of each cause, shape (causes, n).

        Returns
        -------
        FloatArray
            In [0, 1], shape (actions, n).
        """
        return np.minimum(self.answers.sums(shares), 1.0)[self.set_of_action]

    def worth(self, *, p_churn: FloatArray, value: FloatArray, match: FloatArray) -> Worth:
        """Return what each action would bring.

        Parameters
        ----------
        p_churn : calibrated probability of churn, in [0, 1], shape (n,).
        value : margin at stake, currency, shape (n,); NaN is unknown.
        match : as :meth:`match` returns it; shape (actions, n) or (actions, 1).
        """
        effect = economics.effect_of_action(p_churn, save_rate=self.save_rate, match=match)
        cost = economics.expected_cost(
            p_churn,
            effect=effect,
            contact_cost=self.contact_cost,
            acceptance_cost=self.acceptance_cost,
            stayer_acceptance_rate=self.stayer_acceptance_rate,
        )
        profit = economics.expected_value(effect, value=value, cost=cost)
        return Worth(effect=effect, cost=cost, profit=profit)

    def payment(self, shares: FloatArray, leaders: IndexArray) -> Payment:
        """Return who is at risk for want of payment.

        Parameters
        ----------
        shares : of each cause, shape (causes, n).
        leaders : features of the reasons, shape (n, 3); -1 is none.
        """
        leads = (shares.argmax(axis=0) == PAYMENT) & (shares[PAYMENT] > 0)
        return Payment(leads=leads, is_shown=leads | self.is_payment[leaders].any(axis=1))

    def allowed(self, *, p_churn: FloatArray, value: FloatArray, values: FloatArray) -> BoolArray:
        """Return which actions are allowed, consent and payment aside, shape (actions, n).

        Parameters
        ----------
        p_churn, value : as in :meth:`worth`; an unknown value is allowed nothing.
        values : feature values, shape (features, n); NaN is missing, and within no bounds.
        """
        allowed: BoolArray = (p_churn >= self.min_p_churn) & (value >= self.min_value)
        for place, column, low, high in self.bounds:
            if column < 0:
                allowed[place] = False
            else:
                allowed[place] &= (values[column] >= low) & (values[column] <= high)
        return allowed

    def eligible(self, allowed: BoolArray, payment: Payment) -> BoolArray:
        """Return which actions may be offered, consent aside, shape (actions, n).

        Who does not pay is sent to billing, and never a discount.
        """
        return (
            allowed
            & (self.answers_payment | ~payment.leads)
            & ~(self.is_discount & payment.is_shown)
        )

    def consented(self, eligible: BoolArray, contact_opt_out: BoolArray) -> BoolArray:
        """Return which of them are left for who does not wish to be contacted."""
        return eligible & ~(contact_opt_out & self.needs_consent)


def columns_by_cause(features: Sequence[FeatureContract]) -> list[list[int]]:
    """Return the features that point at each cause."""
    return [
        [column for column, feature in enumerate(features) if feature.cause == cause]
        for cause in _CAUSES
    ]
