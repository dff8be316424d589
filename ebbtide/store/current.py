"""The current score of each customer: which of the answers in the log holds now.

An answer becomes current unless one of a later ``as_of`` is there; of two of the same ``as_of`` the
one that was made later holds, and of two of one request the later row.

Each change of a current score takes the next number of one sequence, and a reader goes on after the
greatest number seen. That must not skip a row: were numbers dealt out freely, 5 might be committed
after 6 was read. So the number is taken from one row (``score_sequence``), which stays locked until
the transaction ends. Whoever wants the next number waits for that end: numbers are committed in
their order, and who sees one sees all before it, or later numbers of the same customers. On SQLite
one transaction writes at a time anyway; on PostgreSQL the lock of the row does it, between any
number of processes. It is taken before current scores are read, so that what is compared with is
what was committed last.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
from sqlalchemy import bindparam, select

from ebbtide.store.outbox import enqueue_each
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.schema.privacy import PREFERENCES
from ebbtide.store.schema.scores import CURRENT_SCORES, PREDICTIONS, SCORE_SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from ebbtide.answer.answer import Answer
    from ebbtide.store.driver import Driver
    from ebbtide.words import Language

_THE_ONE = 1
_TAKE = (
    "UPDATE score_sequence SET last = last + {mark}, "
    "last_at = CASE WHEN last_at > {mark} THEN last_at ELSE {mark} END "
    f'WHERE "only" = {_THE_ONE} RETURNING last, last_at'
)
_FOUND = (
    "SELECT customer_id, as_of, scored_at, risk_band FROM current_scores WHERE customer_id IN ids"
)
_PLAIN = (
    "customer_id",
    "prediction_id",
    "status",
    "churn_probability",
    "risk_band",
    "action_code",
    "definition",
    "model_version",
    "language",
)
_COLUMNS = (*_PLAIN, "as_of", "scored_at", "valid_until", "updated_at", "sequence")
_AS_IT_IS = attrgetter(*_PLAIN)
_REPLACING = "ON CONFLICT (customer_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS if name != "customer_id"
)


class Current(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer that is current for a customer, and what has been learned since.

    Parameters
    ----------
    written : the whole answer as JSON text.
    valid_until : until when it holds, aware.
    definition : the churn definition that it was made by.
    language : of its texts.
    profiling_opt_out, contact_opt_out : what the customer has decided.
    has_newer_events : whether events came in that the answer has not seen.
    """

    written: str
    valid_until: datetime
    definition: str
    language: Language
    profiling_opt_out: bool = False
    contact_opt_out: bool = False
    has_newer_events: bool = False

    @classmethod
    def of(cls, row: Any) -> Current:
        """Make it from a row of :func:`current_query`."""
        return cls(
            written=row.answer,
            valid_until=row.valid_until,
            definition=row.definition,
            language=row.language,
            profiling_opt_out=bool(row.profiling_opt_out),
            contact_opt_out=bool(row.contact_opt_out),
            has_newer_events=bool(row.has_newer_events),
        )


def current_query() -> Select[Any]:
    """Return the query for current answers with what has been learned since, of all customers."""
    newer = (
        select(EVENTS.c.sequence)
        .where(
            EVENTS.c.customer_id == CURRENT_SCORES.c.customer_id,
            EVENTS.c.known_at >= CURRENT_SCORES.c.as_of,
        )
        .exists()
    )
    return (
        select(
            CURRENT_SCORES.c.sequence,
            CURRENT_SCORES.c.updated_at,
            CURRENT_SCORES.c.valid_until,
            CURRENT_SCORES.c.definition,
            CURRENT_SCORES.c.language,
            PREDICTIONS.c.answer,
            PREFERENCES.c.profiling_opt_out,
            PREFERENCES.c.contact_opt_out,
            newer.label("has_newer_events"),
        )
        .join(PREDICTIONS, PREDICTIONS.c.prediction_id == CURRENT_SCORES.c.prediction_id)
        .outerjoin(PREFERENCES, PREFERENCES.c.customer_id == CURRENT_SCORES.c.customer_id)
    )


OF_CUSTOMER = current_query().where(CURRENT_SCORES.c.customer_id == bindparam("customer_id"))
"""The query for one customer, ``customer_id``."""


def make_current(
    connection: Connection, driver: Driver, answers: Sequence[Answer], *, at: datetime
) -> None:
    """Let answers that were just added to the log be current, as a part of the same unit.

    Parameters
    ----------
    connection, driver : of the unit.
    answers : any number about any customers.
    at : the present. Answers that waited in a spool or for the rest of a chunk were made before.
    """
    if not answers:
        return
    bound = driver.bound
    last, updated_at = _taken(driver, len(answers), at=at)
    before = {row[0]: row for row in driver.of_ids(_FOUND, [each.customer_id for each in answers])}
    newest: dict[str, Answer] = {}
    for answer in answers:
        held = newest.get(answer.customer_id)
        if held is not None:
            if (answer.as_of, answer.scored_at) < (held.as_of, held.scored_at):
                continue
        elif answer.customer_id in before:
            _, as_of, scored_at, _ = before[answer.customer_id]
            if (bound(answer.as_of), bound(answer.scored_at)) < (as_of, scored_at):
                continue
        newest[answer.customer_id] = answer
    first = last - len(newest) + 1
    rows = [
        (
            *_AS_IT_IS(answer),
            bound(answer.as_of),
            bound(answer.scored_at),
            bound(answer.valid_until),
            updated_at,
            number,
        )
        for number, answer in enumerate(newest.values(), start=first)
    ]
    driver.insert(CURRENT_SCORES.name, _COLUMNS, rows, _REPLACING)
    told = [
        _told(answer, before=before[who][3])
        for who, answer in newest.items()
        if who in before and before[who][3] != answer.risk_band
    ]
    if told:
        instant = driver.instant(updated_at)
        enqueue_each(connection, kind="risk_band.changed", told=told, at=instant)


def current_score(connection: Connection, customer_id: str) -> Current | None:
    """Return the answer that holds for a customer; None where nothing was ever answered."""
    row = connection.execute(OF_CUSTOMER, {"customer_id": customer_id}).one_or_none()
    return None if row is None else Current.of(row)


def _taken(driver: Driver, count: int, *, at: datetime) -> tuple[int, Any]:
    """Take the next numbers, and hold their row to the end of the transaction.

    Returns the last of the numbers, and an instant that is not before that of any number before,
    as the driver has it.
    """
    instant = driver.bound(at)
    take = _TAKE.format(mark=driver.mark)
    rows = driver.rows(take, [count, instant, instant])
    if not rows:
        begun = (_THE_ONE, uuid4().hex, 0, instant)
        columns = ("only", "epoch", "last", "last_at")
        driver.insert(SCORE_SEQUENCE.name, columns, [begun], "ON CONFLICT DO NOTHING")
        rows = driver.rows(take, [count, instant, instant])
    ((last, last_at),) = rows
    return last, last_at


def _told(answer: Answer, *, before: str | None) -> dict[str, Any]:
    """Return what webhooks hear of a band that has changed; null is that there is no score."""
    return {
        "customer_id": answer.customer_id,
        "from": before,
        "to": answer.risk_band,
        "prediction_id": answer.prediction_id,
        "churn_probability": answer.churn_probability,
        "scored_at": answer.scored_at.isoformat().replace("+00:00", "Z"),
    }
