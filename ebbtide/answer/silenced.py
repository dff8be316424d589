"""A stored answer about a customer who has since asked not to be contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ebbtide.decision import NO_ACTION

if TYPE_CHECKING:
    from ebbtide.answer.answer import Answer
    from ebbtide.policy.policy import Policy


def needs_consent(action_code: str, *, policy: Policy) -> bool:
    """Return whether an action is only for who may be contacted.

    Parameters
    ----------
    action_code : of the action.
    policy : in force; an action that it does not know is taken to need consent.
    """
    known = (action for action in policy.actions if action.code == action_code)
    return all(action.needs_contact_consent for action in known)


def silenced(answer: Answer, *, policy: Policy) -> Answer:
    """Return an answer without an action that needs the customer's consent to contact.

    Which other action would be chosen is not known without scoring again, so that none is.

    Parameters
    ----------
    answer : as it was given.
    policy : says which actions need consent; one that it does not know is taken to need it.
    """
    if answer.action_code is None or not needs_consent(answer.action_code, policy=policy):
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
