"""Webhooks and their deliveries: who wants to be told, and what is due."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, case, delete, func, or_, select, update

from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES, WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from ebbtide.store.outbox import Kind

DisabledBecause = Literal["by_request", "gone", "failing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who wants to be told of what.

    Parameters
    ----------
    webhook_id : unique id.
    url : where to send.
    kinds : what to tell.
    description : the owner's own words.
    secret : signs; ``whsec_...``.
    old_secret, old_secret_until : signs as well until then, after a rotation.
    is_enabled : whether anything is sent.
    disabled_because : why not.
    failing_since : since when no attempt has succeeded; None if the last one did.
    created_at : when it was made.
    """

    webhook_id: str
    url: str
    kinds: tuple[Kind, ...]
    description: str
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    is_enabled: bool
    disabled_because: DisabledBecause | None
    failing_since: datetime | None
    created_at: datetime

    def secrets(self, now: datetime) -> list[str]:
        """Return the secrets that sign at an instant."""
        is_rotating = self.old_secret_until is not None and now < self.old_secret_until
        return [self.secret, *([self.old_secret] if is_rotating and self.old_secret else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that was taken to be tried now."""

    webhook: Webhook
    message_id: str
    body: bytes
    attempts: int


def add_webhook(connection: Connection, webhook: Webhook) -> None:
    """Keep a webhook."""
    connection.execute(
        WEBHOOKS.insert(),
        {
            **{column.name: getattr(webhook, column.name) for column in WEBHOOKS.columns},
            "kinds": json.dumps(webhook.kinds),
        },
    )


def webhooks(connection: Connection) -> list[Webhook]:
    """Return all webhooks, the oldest first."""
    query = select(WEBHOOKS).order_by(WEBHOOKS.c.created_at, WEBHOOKS.c.webhook_id)
    return [_webhook(row) for row in connection.execute(query)]


def find_webhook(connection: Connection, webhook_id: str) -> Webhook | None:
    """Return a webhook, or None."""
    query = select(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _webhook(row)


def change_webhook(connection: Connection, webhook_id: str, changes: Mapping[str, Any]) -> bool:
    """Change columns of a webhook; return whether there is one."""
    given = dict(changes)
    if "kinds" in given:
        given["kinds"] = json.dumps(given["kinds"])
    changed = connection.execute(
        update(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id).values(**given)
    )
    return bool(changed.rowcount)


def remove_webhook(connection: Connection, webhook_id: str) -> bool:
    """Remove a webhook with what was to be sent to it; return whether there was one."""
    connection.execute(
        delete(WEBHOOK_DELIVERIES).where(WEBHOOK_DELIVERIES.c.webhook_id == webhook_id)
    )
    removed = connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id))
    return bool(removed.rowcount)


def is_any_due(connection: Connection, *, now: datetime) -> bool:
    """Return whether any delivery is due; for a look that keeps nobody from writing."""
    query = (
        select(WEBHOOK_DELIVERIES.c.message_id)
        .join(WEBHOOKS, WEBHOOKS.c.webhook_id == WEBHOOK_DELIVERIES.c.webhook_id)
        .where(_is_due(now), WEBHOOKS.c.is_enabled)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def lease_due(
    connection: Connection,
    *,
    now: datetime,
    lease_seconds: float,
    at_most: int,
    busy: Collection[str] = (),
) -> list[Due]:
    """Take deliveries that are due, at most one for each webhook, so that none waits for another.

    What is about the service or a job goes before what is about customers, of whom there are many.

    Who took one and is killed holds it until the lease ends; then it is due again.

    Parameters
    ----------
    connection : of the unit.
    now : the present.
    lease_seconds : for how long they are taken, seconds.
    at_most : how many.
    busy : webhooks to pass over.
    """
    is_due = _is_due(now)
    about_customers = case((WEBHOOK_MESSAGES.c.customer_id.is_(None), 0), else_=1)
    first = (
        select(
            WEBHOOK_DELIVERIES.c.webhook_id,
            WEBHOOK_DELIVERIES.c.message_id,
            WEBHOOK_DELIVERIES.c.due_at,
            func.row_number()
            .over(
                partition_by=WEBHOOK_DELIVERIES.c.webhook_id,
                order_by=(
                    about_customers,
                    WEBHOOK_DELIVERIES.c.due_at,
                    WEBHOOK_DELIVERIES.c.message_id,
                ),
            )
            .label("place"),
        )
        .join(WEBHOOK_MESSAGES, WEBHOOK_MESSAGES.c.message_id == WEBHOOK_DELIVERIES.c.message_id)
        .where(is_due, WEBHOOK_DELIVERIES.c.webhook_id.not_in(list(busy)))
        .subquery()
    )
    query = (
        select(first.c.webhook_id, first.c.message_id)
        .join(WEBHOOKS, WEBHOOKS.c.webhook_id == first.c.webhook_id)
        .where(first.c.place == 1, WEBHOOKS.c.is_enabled)
        .order_by(first.c.due_at)
        .limit(at_most)
    )
    taken = [
        (row.webhook_id, row.message_id)
        for row in connection.execute(query).all()
        if connection.execute(
            update(WEBHOOK_DELIVERIES)
            .where(_is(row.message_id, row.webhook_id), is_due)
            .values(leased_until=now + timedelta(seconds=lease_seconds))
        ).rowcount
    ]
    return [_due(connection, webhook_id, message_id) for webhook_id, message_id in taken]


def note_delivered(connection: Connection, due: Due, *, now: datetime, status: int) -> None:
    """Note that a delivery has arrived."""
    connection.execute(
        update(WEBHOOK_DELIVERIES)
        .where(_is(due.message_id, due.webhook.webhook_id))
        .values(
            state="delivered",
            attempts=due.attempts + 1,
            leased_until=None,
            last_status=status,
            last_error=None,
            delivered_at=now,
        )
    )
    change_webhook(connection, due.webhook.webhook_id, {"failing_since": None})


def note_failed(
    connection: Connection,
    due: Due,
    *,
    now: datetime,
    status: int | None,
    error: str,
    next_at: datetime | None,
) -> None:
    """Note that an attempt has failed, and when the next one is due; None gives it up."""
    connection.execute(
        update(WEBHOOK_DELIVERIES)
        .where(_is(due.message_id, due.webhook.webhook_id))
        .values(
            state="waiting" if next_at else "dead",
            attempts=due.attempts + 1,
            leased_until=None,
            due_at=next_at or now,
            last_status=status,
            last_error=error,
        )
    )
    connection.execute(
        update(WEBHOOKS)
        .where(WEBHOOKS.c.webhook_id == due.webhook.webhook_id, WEBHOOKS.c.failing_since.is_(None))
        .values(failing_since=now)
    )


def add_delivery(
    connection: Connection, *, webhook_id: str, message_id: str, kind: str, body: str, at: datetime
) -> None:
    """Keep a message for one webhook, whatever kinds it wants."""
    connection.execute(
        WEBHOOK_MESSAGES.insert(),
        {"message_id": message_id, "kind": kind, "body": body, "created_at": at},
    )
    connection.execute(
        WEBHOOK_DELIVERIES.insert(),
        {
            "message_id": message_id,
            "webhook_id": webhook_id,
            "state": "waiting",
            "attempts": 0,
            "due_at": at,
            "created_at": at,
        },
    )


def deliveries(
    connection: Connection,
    webhook_id: str,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
) -> Sequence[Row[Any]]:
    """Return deliveries of a webhook, the newest first.

    Parameters
    ----------
    connection : to read through.
    webhook_id : whose.
    limit : how many.
    before : only those after this place in the order: ``created_at`` and ``message_id``.
    """
    query = (
        select(WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES.c.kind)
        .join(WEBHOOK_MESSAGES, WEBHOOK_MESSAGES.c.message_id == WEBHOOK_DELIVERIES.c.message_id)
        .where(WEBHOOK_DELIVERIES.c.webhook_id == webhook_id)
        .order_by(WEBHOOK_DELIVERIES.c.created_at.desc(), WEBHOOK_DELIVERIES.c.message_id.desc())
        .limit(limit)
    )
    if before is not None:
        at, message_id = before
        query = query.where(
            or_(
                WEBHOOK_DELIVERIES.c.created_at < at,
                and_(
                    WEBHOOK_DELIVERIES.c.created_at == at,
                    WEBHOOK_DELIVERIES.c.message_id < message_id,
                ),
            )
        )
    return connection.execute(query).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        WEBHOOK_DELIVERIES.c.state == "waiting",
        WEBHOOK_DELIVERIES.c.due_at <= now,
        or_(WEBHOOK_DELIVERIES.c.leased_until.is_(None), WEBHOOK_DELIVERIES.c.leased_until <= now),
    )


def _is(message_id: str, webhook_id: str) -> Any:
    return and_(
        WEBHOOK_DELIVERIES.c.message_id == message_id,
        WEBHOOK_DELIVERIES.c.webhook_id == webhook_id,
    )


def _due(connection: Connection, webhook_id: str, message_id: str) -> Due:
    webhook = find_webhook(connection, webhook_id)
    assert webhook is not None
    row = connection.execute(
        select(WEBHOOK_MESSAGES.c.body, WEBHOOK_DELIVERIES.c.attempts)
        .join(WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES.c.message_id == WEBHOOK_DELIVERIES.c.message_id)
        .where(_is(message_id, webhook_id))
    ).one()
    return Due(
        webhook=webhook, message_id=message_id, body=row.body.encode(), attempts=row.attempts
    )


def _webhook(row: Row[Any]) -> Webhook:
    values = row._asdict()
    return Webhook(**{**values, "kinds": tuple(json.loads(row.kinds))})
