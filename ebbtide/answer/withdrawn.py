"""Stored answers that must not be relied on any more: what is left of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.answer.answer import ABSTAIN, Answer

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.answer.answer import Abstain
    from ebbtide.words import Language


def why_withdrawn(
    *, valid_until: datetime, definition: str, in_force: str | None, now: datetime
) -> Abstain | None:
    """Return why a stored answer does not hold any more; None if it does.

    Parameters
    ----------
    valid_until : of the answer, aware.
    definition : code of the churn definition that it was made by.
    in_force : code of the definition of the served model; None where none is served, and then no
        other has taken its place.
    now : the present, aware.
    """
    if in_force is not None and definition != in_force:
        return "definition_changed"
    return "expired" if now > valid_until else None


def withdrawn(answer: Answer, code: Abstain, *, language: Language) -> Answer:
    """Return an answer without its score, reasons and action, and with the reason for that.

    It keeps its id, instants and versions, so that it can be found in the log.

    Parameters
    ----------
    answer : as it was given.
    code : why it does not hold any more.
    language : the language of the text.
    """
    return Answer(
        prediction_id=answer.prediction_id,
        customer_id=answer.customer_id,
        status="abstained",
        as_of=answer.as_of,
        scored_at=answer.scored_at,
        valid_until=answer.valid_until,
        model_version=answer.model_version,
        policy_version=answer.policy_version,
        definition=answer.definition,
        language=language,
        reasons_asked=answer.reasons_asked,
        abstain_code=code,
        abstain_text=ABSTAIN[code][language],
    )
