"""Current scores in the order of their changes, page by page; see ``ebbtide.store.current``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import bindparam, select, text, update

from ebbtide.store.current import Current, current_query
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.privacy import PREFERENCES
from ebbtide.store.schema.scores import CURRENT_SCORES, SCORE_SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection


_IS_BEFORE = """COALESCE((
    SELECT updated_at < :instant FROM current_scores
    WHERE sequence >= (low + high) / 2 ORDER BY sequence LIMIT 1
), 1 = 0)"""
_FIRST_SINCE = text(f"""
    WITH RECURSIVE search (low, high) AS (
        SELECT CAST(1 AS BIGINT), (SELECT last + 1 FROM score_sequence)
        UNION ALL
        SELECT CASE WHEN {_IS_BEFORE} THEN (low + high) / 2 + 1 ELSE low END,
               CASE WHEN {_IS_BEFORE} THEN high ELSE (low + high) / 2 END
        FROM search WHERE low < high
    )
    SELECT low FROM search WHERE low >= high
""").bindparams(bindparam("instant", type_=Instant))
"""From which number on all changes are of an instant or later: numbers and instants rise together,
so that halving finds it. Null before there was any score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which current scores are asked for; None asks for any.

    Parameters
    ----------
    band, action : only answers that say this, and that still hold.
    updated_since : only those that became current at this instant or later, aware.
    holds_at : the instant at which an answer must hold if its band or action is asked for, aware.
    definition : the churn definition in force; an answer by another does not hold.
    contactable_only : leave out who asked not to be contacted; for actions that need consent.
    """

    holds_at: datetime
    band: str | None = None
    action: str | None = None
    updated_since: datetime | None = None
    definition: str | None = None
    contactable_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One current score of a list.

    Parameters
    ----------
    sequence : its place; no two have the same, and a change gives a greater one.
    updated_at : when it became current; never before that of a lesser sequence.
    current : the answer.
    """

    sequence: int
    updated_at: datetime
    current: Current


def sequence_reached(connection: Connection) -> tuple[str, int] | None:
    """Return the epoch of the numbers and the last of them; None before the first."""
    row = connection.execute(select(SCORE_SEQUENCE.c.epoch, SCORE_SEQUENCE.c.last)).one_or_none()
    return None if row is None else (row.epoch, row.last)


def renew_epoch(connection: Connection) -> None:
    """Make all cursors void, as a part of a unit: readers begin anew.

    To be called when an older state of the database was restored. The numbers that were dealt out
    since would be dealt out again, and readers who are beyond them would miss what gets them.
    """
    connection.execute(update(SCORE_SEQUENCE).values(epoch=uuid4().hex))


def listed_scores(
    connection: Connection, wanted: Wanted, *, after: int, limit: int
) -> Sequence[Listed]:
    """Return current scores with a sequence above a number, in the order of the sequence.

    Customers who opted out of profiling are left out.

    Who goes on after the last that was seen sees every change at least once: a score that changes
    meanwhile gets a greater number.
    """
    scores = CURRENT_SCORES.c
    query = (
        current_query()
        .where(scores.sequence > after, PREFERENCES.c.profiling_opt_out.isnot(True))
        .order_by(scores.sequence)
        .limit(limit)
    )
    if wanted.updated_since is not None:
        first = connection.scalar(_FIRST_SINCE, {"instant": wanted.updated_since})
        if first is None:
            return []
        query = query.where(scores.sequence >= first)
    if wanted.contactable_only:
        query = query.where(PREFERENCES.c.contact_opt_out.isnot(True))
    for column, value in ((scores.risk_band, wanted.band), (scores.action_code, wanted.action)):
        if value is not None:
            query = query.where(column == value, scores.valid_until >= wanted.holds_at)
            if wanted.definition is not None:
                query = query.where(scores.definition == wanted.definition)
    return [
        Listed(sequence=row.sequence, updated_at=row.updated_at, current=Current.of(row))
        for row in connection.execute(query)
    ]
