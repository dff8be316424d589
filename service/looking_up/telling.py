"""From stored answers to what is told of them now. Nothing is scored here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from ebbtide.answer.retold import retold
from ebbtide.answer.silenced import silenced
from ebbtide.answer.warned import warned
from ebbtide.answer.withdrawn import why_withdrawn, withdrawn
from ebbtide.answer.written import answer_from_json, answer_to_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.answer.answer import Abstain, Answer, WarningCode
    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Policy
    from ebbtide.store.current import Current
    from ebbtide.words import Language
    from service.desk import Desk

_NEWS: WarningCode = "newer_events"


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """What stored answers are told by; the same for all of one request.

    Parameters
    ----------
    bundle : the served model; None if none is.
    policy : in force.
    now : the present, aware.
    language : the language wanted.
    """

    bundle: Bundle | None
    policy: Policy
    now: datetime
    language: Language

    @classmethod
    def of(cls, desk: Desk, *, language: Language) -> Present:
        """Return what is in force."""
        served = desk.supply.current
        return cls(
            bundle=None if served is None else served.bundle,
            policy=desk.policy,
            now=desk.now(),
            language=language,
        )


def told(current: Current, present: Present) -> tuple[str, Language]:
    """Return what is answered about a customer now, as JSON text, and its language.

    An answer that holds is returned as it was written, to the byte. One that does not hold any more
    abstains.
    """
    why = _abstain(current, present)
    if why is not None:
        return abstained(answer_from_json(json.loads(current.written)), why, present)
    is_as_written = current.language == present.language and not (
        current.contact_opt_out or current.has_newer_events
    )
    return (current.written, current.language) if is_as_written else _adapted(current, present)


def abstained(answer: Answer, why: Abstain, present: Present) -> tuple[str, Language]:
    """Return what is left of an answer, as JSON text, and its language."""
    return _written(withdrawn(answer, why, language=present.language))


def flat(current: Current, present: Present) -> dict[str, Any]:
    """Return the flat fields of what is answered about a customer now."""
    content, _ = told(current, present)
    written: dict[str, Any] = json.loads(content)
    return {name: value for name, value in written.items() if not isinstance(value, list)}


def in_language(answer: Answer, present: Present) -> Answer:
    """Return an answer in the language wanted, or as it was if that cannot be done truthfully."""
    features = () if present.bundle is None else present.bundle.scorer.features
    return retold(answer, present.language, features=features, policy=present.policy) or answer


def _abstain(current: Current, present: Present) -> Abstain | None:
    if current.profiling_opt_out:
        return "profiling_opt_out"
    return why_withdrawn(
        valid_until=current.valid_until,
        definition=current.definition,
        in_force=None if present.bundle is None else present.bundle.definition.code,
        now=present.now,
    )


def _adapted(current: Current, present: Present) -> tuple[str, Language]:
    answer = in_language(answer_from_json(json.loads(current.written)), present)
    if current.contact_opt_out:
        answer = silenced(answer, policy=present.policy)
    if current.has_newer_events and not any(w.code == _NEWS for w in answer.warnings):
        news = warned(_NEWS, "", features=(), language=answer.language)
        answer = replace(answer, warnings=(*answer.warnings, news))
    return _written(answer)


def _written(answer: Answer) -> tuple[str, Language]:
    return answer_to_bytes(answer).decode(), answer.language
