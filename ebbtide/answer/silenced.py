"""A stored answer about a customer who has since asked not to be contacted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ebbtide.decision import NO_ACTION

if TYPE_CHECKING:
    from ebbtide.answer.answer import Answer
    from ebbtide.policy.policy import Policy


def silenced(answer: Answer, *, policy: Policy) -> Answer:
    """Return an answer without an action that needs the customer's consent to contact.

    Which other action would be chosen is not known without scoring again, so that none is.

    Parameters
    ----------
    answer : as it was given.
    policy : says which actions need consent; one that it does not know is taken to need it.
    """
    free = {action.code for action in policy.actions if not action.needs_contact_consent}
    if answer.action_code is None or answer.action_code in free:
        return answer
    return replace(
        answer,
        action_code=None,
        action_text=None,
        action_channel=None,
        no_action_code="contact_opt_out",
        no_action_text=NO_ACTION["contact_opt_out"][answer.language],
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
