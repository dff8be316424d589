"""Which of the chosen actions are held out, and what an answer says of it.

A customer who is held out gets no second choice: the next best action in its place would make the
comparison one of two actions, and tell nothing of either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.decision import HELD_OUT
from ebbtide.holdout import arm_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.asked import CustomerIds
    from ebbtide.decision import Decisions
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.policy.policy import Action, Policy
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dealt:
    """How customers were dealt to the arms of the actions that were chosen for them.

    Parameters
    ----------
    action : the action that was chosen, hold-out aside, shape (n,); -1 is none.
    is_held : who is held out of it, shape (n,).
    families : family of each of the policy's actions.
    propensities : probability of being treated with each of them, in (0, 1].
    """

    action: IndexArray
    is_held: BoolArray
    families: tuple[str, ...]
    propensities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arms:
    """What a policy says of hold-outs, for each of its actions.

    Parameters
    ----------
    families : that each action belongs to.
    shares : part of the customers that is held out, in [0, 1).
    propensities : probability of being treated, in (0, 1].
    salt : of the policy's hold-out; empty where it has none.
    """

    families: tuple[str, ...]
    shares: tuple[float, ...]
    propensities: tuple[float, ...]
    salt: str

    @classmethod
    def of(cls, policy: Policy, actions: Sequence[Action]) -> Arms:
        """Work out the arms of actions, in their order."""
        shares = tuple(policy.holdout_share(action) for action in actions)
        return cls(
            families=tuple(action.held_out_with for action in actions),
            shares=shares,
            propensities=tuple(round(1.0 - share, 6) if share else 1.0 for share in shares),
            salt="" if policy.holdout is None else policy.holdout.salt,
        )

    def deal(self, decisions: Decisions, *, customer_ids: CustomerIds) -> tuple[Decisions, Dealt]:
        """Return the decisions without those that are held out, and the arm of each customer.

        Parameters
        ----------
        decisions : what would be suggested to n customers if nobody were held out.
        customer_ids : of these customers.
        """
        chosen = decisions.chosen
        is_held = np.zeros(len(chosen), dtype=np.bool_)
        dealt = Dealt(
            action=chosen,
            is_held=is_held,
            families=self.families,
            propensities=self.propensities,
        )
        if not any(self.shares):
            return decisions, dealt
        for row, action in enumerate(chosen.tolist()):
            if action >= 0 and self.shares[action] > 0:
                arm = arm_of(
                    customer_ids[row],
                    family=self.families[action],
                    share=self.shares[action],
                    salt=self.salt,
                )
                is_held[row] = arm == "holdout"

        def without_held(values: FloatArray) -> FloatArray:
            return np.where(is_held, 0.0, values)

        held_out = replace(
            decisions,
            chosen=np.where(is_held, -1, chosen),
            why_none=np.where(is_held, HELD_OUT, decisions.why_none),
            expected_value=without_held(decisions.expected_value),
            effect=without_held(decisions.effect),
            effect_low=without_held(decisions.effect_low),
            effect_high=without_held(decisions.effect_high),
            expected_cost=without_held(decisions.expected_cost),
        )
        return held_out, dealt
