"""Delete what has been kept long enough, part by part, so that nobody waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, select, tuple_

from ebbtide.store.schema.effects import ASSIGNMENTS, OUTCOMES
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from ebbtide.store.schema.scores import CURRENT_SCORES, PREDICTIONS, SNAPSHOTS
from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES, WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Table

    from ebbtide.store.database import Database

AT_ONCE = 500
"""Rows that one unit deletes at most."""

_NEWER = SNAPSHOTS.alias()
_REPLACED = exists().where(
    _NEWER.c.customer_id == SNAPSHOTS.c.customer_id, _NEWER.c.as_of > SNAPSHOTS.c.as_of
)
_STILL_TO_SEND = exists().where(
    WEBHOOK_DELIVERIES.c.message_id == WEBHOOK_MESSAGES.c.message_id,
    WEBHOOK_DELIVERIES.c.state == "waiting",
    WEBHOOKS.c.webhook_id == WEBHOOK_DELIVERIES.c.webhook_id,
    WEBHOOKS.c.is_enabled,  # what waits for one that is not would be kept for ever
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What may go of a table.

    Parameters
    ----------
    table : whose rows.
    topic : names the time that they are kept.
    instant : column by which they age.
    also : what must hold besides; None for nothing.
    """

    table: Table
    topic: str
    instant: str
    also: ColumnElement[bool] | None = None

    def is_old(self, before: datetime) -> ColumnElement[bool]:
        """Return the condition of a row that may go."""
        is_old = self.table.c[self.instant] < before
        return is_old if self.also is None else and_(is_old, self.also)


RULES = (
    Rule(table=PREDICTIONS, topic="predictions", instant="scored_at"),
    Rule(table=EVENTS, topic="facts", instant="received_at"),
    Rule(table=OUTCOMES, topic="facts", instant="recorded_at"),
    Rule(table=ASSIGNMENTS, topic="facts", instant="matures_at"),
    Rule(table=SNAPSHOTS, topic="snapshots", instant="as_of", also=_REPLACED),
    Rule(table=IDEMPOTENCY_KEYS, topic="keys", instant="kept_at"),
    Rule(table=WEBHOOK_MESSAGES, topic="messages", instant="created_at", also=~_STILL_TO_SEND),
)
"""What ages. Files and results of jobs have a rule of their own: ``job_content.expire_jobs``."""

TOPICS = tuple(dict.fromkeys(rule.topic for rule in RULES))


def delete_old(database: Database, *, before: Mapping[str, datetime]) -> dict[str, int]:
    """Delete what is too old; return how many rows went, by table.

    Parameters
    ----------
    database : where it is.
    before : for each topic the instant from which on rows stay.

    Raises
    ------
    StoreUnavailable
        If the database cannot be written; what went is gone, the rest is for the next time.
    """
    deleted: dict[str, int] = {}
    for rule in RULES:
        while gone := database.write(
            partial(_delete_part, rule=rule, before=before[rule.topic]), deed="delete what is old"
        ):
            deleted[rule.table.name] = deleted.get(rule.table.name, 0) + gone
    return deleted


def _delete_part(connection: Connection, *, rule: Rule, before: datetime) -> int:
    key = list(rule.table.primary_key.columns)
    part = connection.execute(select(*key).where(rule.is_old(before)).limit(AT_ONCE)).all()
    if not part:
        return 0
    chosen = tuple_(*key).in_([tuple(row) for row in part]) if len(key) > 1 else None
    is_chosen = key[0].in_([row[0] for row in part]) if chosen is None else chosen
    if rule.table is PREDICTIONS:
        _delete_current(connection, is_chosen)
    return int(connection.execute(delete(rule.table).where(is_chosen)).rowcount)


def _delete_current(connection: Connection, is_chosen: ColumnElement[bool]) -> None:
    """Delete the current scores whose answers go from the log; customers are what finds them.

    No constraint does it: it would need an index, which each answer would have to change.
    """
    log, scores = PREDICTIONS.c, CURRENT_SCORES.c
    chosen = connection.execute(select(log.customer_id, log.prediction_id).where(is_chosen)).all()
    connection.execute(
        delete(CURRENT_SCORES).where(
            scores.customer_id.in_({row.customer_id for row in chosen}),
            scores.prediction_id.in_([row.prediction_id for row in chosen]),
        )
    )
