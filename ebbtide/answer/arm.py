"""Which of the chosen actions are held out, and what an answer says of it.

A customer who is held out gets no second choice: the next best action in its place would make the
comparison one of two actions, and tell nothing of either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.holdout import arm_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.decision import Decisions
    from ebbtide.holdout import Arm
    from ebbtide.policy.policy import Action, Policy
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """How a customer was dealt to the arms of the action that was chosen for them.

    Parameters
    ----------
    family : of the action; None where none was chosen.
    arm : treated or holdout; None without an action.
    propensity : probability of being treated, in (0, 1]; None without an arm.
    withheld_action_code : the action that would have been suggested; None unless held out.
    """

    family: str | None = None
    arm: Arm | None = None
    propensity: float | None = None
    withheld_action_code: str | None = None


def deal(
    decisions: Decisions, *, customer_ids: Sequence[str], policy: Policy
) -> tuple[Decisions, list[Dealt]]:
    """Return the decisions without those that are held out, and the arm of each customer.

    Parameters
    ----------
    decisions : what would be suggested to n customers if nobody were held out.
    customer_ids : of these customers.
    policy : says who is held out.
    """
    dealt = [
        _dealt(customer_id, decisions.actions[chosen], policy) if chosen >= 0 else Dealt()
        for customer_id, chosen in zip(customer_ids, decisions.chosen.tolist(), strict=True)
    ]
    is_held = np.array([each.arm == "holdout" for each in dealt], dtype=np.bool_)
    if not is_held.any():
        return decisions, dealt

    def without_held(values: FloatArray) -> FloatArray:
        return np.where(is_held, 0.0, values)

    held_out = replace(
        decisions,
        chosen=np.where(is_held, -1, decisions.chosen),
        no_action=tuple(
            "holdout" if held else why
            for held, why in zip(is_held, decisions.no_action, strict=True)
        ),
        expected_value=without_held(decisions.expected_value),
        effect=without_held(decisions.effect),
        effect_low=without_held(decisions.effect_low),
        effect_high=without_held(decisions.effect_high),
        expected_cost=without_held(decisions.expected_cost),
    )
    return held_out, dealt


def _dealt(customer_id: str, action: Action, policy: Policy) -> Dealt:
    share, family = policy.holdout_share(action), action.held_out_with
    if policy.holdout is None or share == 0:
        return Dealt(family=family, arm="treated", propensity=1.0)
    arm = arm_of(customer_id, family=family, share=share, salt=policy.holdout.salt)
    return Dealt(
        family=family,
        arm=arm,
        propensity=round(1.0 - share, 6),
        withheld_action_code=action.code if arm == "holdout" else None,
    )
