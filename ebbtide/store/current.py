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

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import bindparam, case, literal, select, update

from ebbtide.store.outbox import enqueue
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.schema.privacy import PREFERENCES
from ebbtide.store.schema.scores import CURRENT_SCORES, PREDICTIONS, SCORE_SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from ebbtide.answer.answer import Answer
    from ebbtide.store.database import Database
    from ebbtide.words import Language

_CHUNK = 500  # ids in one query
_THE_ONE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
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


_OF_CUSTOMER = current_query().where(CURRENT_SCORES.c.customer_id == bindparam("customer_id"))


def make_current(
    connection: Connection, answers: Sequence[Answer], *, at: datetime, database: Database
) -> None:
    """Let answers that were just added to the log be current, as a part of the same unit.

    Parameters
    ----------
    connection : of the unit.
    answers : any number about any customers.
    at : the present. Answers that waited in a spool or for the rest of a chunk were made before.
    database : of the connection.
    """
    if not answers:
        return
    last, updated_at = _taken(connection, len(answers), at=at, database=database)
    before = _found(connection, sorted({answer.customer_id for answer in answers}))
    newest: dict[str, Answer] = {}
    for answer in answers:
        held = newest.get(answer.customer_id) or before.get(answer.customer_id)
        if held is None or (answer.as_of, answer.scored_at) >= (held.as_of, held.scored_at):
            newest[answer.customer_id] = answer
    if not newest:
        return
    first = last - len(newest) + 1
    insert = database.insert(CURRENT_SCORES)
    changed = {c.name: insert.excluded[c.name] for c in CURRENT_SCORES.c if not c.primary_key}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["customer_id"], set_=changed),
        [
            {**_row(answer), "updated_at": updated_at, "sequence": first + place}
            for place, answer in enumerate(newest.values())
        ],
    )
    for customer_id, answer in newest.items():
        if customer_id in before and before[customer_id].risk_band != answer.risk_band:
            _tell(connection, answer, before=before[customer_id].risk_band, at=updated_at)


def current_score(connection: Connection, customer_id: str) -> Current | None:
    """Return the answer that holds for a customer; None where nothing was ever answered."""
    row = connection.execute(_OF_CUSTOMER, {"customer_id": customer_id}).one_or_none()
    return None if row is None else Current.of(row)


def _taken(
    connection: Connection, count: int, *, at: datetime, database: Database
) -> tuple[int, datetime]:
    """Take the next numbers, and hold their row to the end of the transaction.

    Returns the last of the numbers, and an instant that is not before that of any number before.
    """
    sequence = SCORE_SEQUENCE.c
    instant = literal(at, Instant)
    take = (
        update(SCORE_SEQUENCE)
        .where(sequence.only == _THE_ONE)
        .values(
            last=sequence.last + count,
            last_at=case((sequence.last_at > instant, sequence.last_at), else_=instant),
        )
        .returning(sequence.last, sequence.last_at)
    )
    row = connection.execute(take).one_or_none()
    if row is None:
        begun = {"only": _THE_ONE, "epoch": uuid4().hex, "last": 0, "last_at": at}
        connection.execute(database.insert(SCORE_SEQUENCE).on_conflict_do_nothing(), begun)
        row = connection.execute(take).one()
    return row.last, row.last_at


def _found(connection: Connection, customer_ids: Sequence[str]) -> Mapping[str, Any]:
    found = {}
    for start in range(0, len(customer_ids), _CHUNK):
        query = select(
            CURRENT_SCORES.c.customer_id,
            CURRENT_SCORES.c.as_of,
            CURRENT_SCORES.c.scored_at,
            CURRENT_SCORES.c.risk_band,
        ).where(CURRENT_SCORES.c.customer_id.in_(customer_ids[start : start + _CHUNK]))
        found.update({row.customer_id: row for row in connection.execute(query)})
    return found


def _row(answer: Answer) -> dict[str, Any]:
    named = {column.name for column in CURRENT_SCORES.c} - {"updated_at", "sequence"}
    return {name: getattr(answer, name) for name in named}


def _tell(connection: Connection, answer: Answer, *, before: str | None, at: datetime) -> None:
    """Let webhooks hear that a band has changed; null is that there is no score."""
    data = {
        "customer_id": answer.customer_id,
        "from": before,
        "to": answer.risk_band,
        "prediction_id": answer.prediction_id,
        "churn_probability": answer.churn_probability,
        "scored_at": answer.scored_at.isoformat().replace("+00:00", "Z"),
    }
    enqueue(connection, kind="risk_band.changed", data=data, at=at)
