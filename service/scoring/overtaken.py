"""What has come between the beginning of an answer and its commit: an opt-out, or an erasure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.answer.silenced import silenced
from ebbtide.store.erasure import barred_by
from ebbtide.store.preferences import preferences_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.policy.policy import Policy
    from ebbtide.store.preferences import Preferences
    from ebbtide.store.sql import SqlStore
    from ebbtide.store.store import Prediction


def is_overruled(connection: Connection, entries: Sequence[Prediction], *, policy: Policy) -> bool:
    """Return whether a customer has decided otherwise than an answer about them says.

    Parameters
    ----------
    connection : of the unit that commits the answers, so that nothing can come between any more.
    entries : of the log, about to be added.
    policy : says which actions need consent.
    """
    decided = preferences_of(connection, [entry.answer.customer_id for entry in entries])
    return any(
        _overrules(decided[entry.answer.customer_id], entry.answer, policy=policy)
        for entry in entries
        if entry.answer.customer_id in decided
    )


def names_erased(connection: Connection, entries: Sequence[Prediction], *, store: SqlStore) -> bool:
    """Return whether somebody was erased since an answer about them was begun.

    Parameters
    ----------
    connection : of the unit that commits the answers.
    entries : of the log, about to be added.
    store : knows who was erased.
    """
    known = [(entry.answer.customer_id, entry.answer.scored_at) for entry in entries]
    return bool(barred_by(store.erasures, connection, known))


def _overrules(decided: Preferences, answer: Answer, *, policy: Policy) -> bool:
    if decided.profiling_opt_out:
        return answer.abstain_code != "profiling_opt_out"
    return decided.contact_opt_out and silenced(answer, policy=policy) is not answer
