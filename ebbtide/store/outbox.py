"""What webhooks are to be told, kept in the very unit of what it tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import select, update

from ebbtide.store.schema.webhooks import (
    ANNOUNCEMENTS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_MESSAGES,
    WEBHOOKS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

Kind = Literal[
    "risk_band.changed", "job.finished", "model.promoted", "alarm.raised", "alarm.cleared"
]
KINDS: tuple[Kind, ...] = get_args(Kind)


def enqueue(connection: Connection, *, kind: Kind, data: Mapping[str, Any], at: datetime) -> None:
    """Keep a message for every webhook that wants its kind, as a part of a unit.

    Where no webhook wants it, nothing is kept.

    Parameters
    ----------
    connection : of the unit.
    kind : what has happened.
    data : what to tell of it, as plain JSON; a customer is named by ``customer_id``.
    at : when it happened, aware.
    """
    enqueue_each(connection, kind=kind, told=[data], at=at)


def enqueue_each(
    connection: Connection, *, kind: Kind, told: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Keep several messages of one kind, as :func:`enqueue` keeps one."""
    wanting = [
        row.webhook_id
        for row in connection.execute(
            select(WEBHOOKS.c.webhook_id, WEBHOOKS.c.kinds).where(WEBHOOKS.c.is_enabled)
        )
        if kind in json.loads(row.kinds)
    ]
    if not wanting or not told:
        return
    instant = at.isoformat().replace("+00:00", "Z")
    messages = [
        {
            "message_id": uuid4().hex,
            "kind": kind,
            "customer_id": data.get("customer_id"),
            "body": json.dumps(
                {"type": kind, "timestamp": instant, "data": dict(data)},
                ensure_ascii=False,
                allow_nan=False,
            ),
            "created_at": at,
        }
        for data in told
    ]
    connection.execute(WEBHOOK_MESSAGES.insert(), messages)
    connection.execute(
        WEBHOOK_DELIVERIES.insert(),
        [
            {
                "message_id": message["message_id"],
                "webhook_id": webhook_id,
                "state": "waiting",
                "attempts": 0,
                "due_at": at,
                "created_at": at,
            }
            for message in messages
            for webhook_id in wanting
        ],
    )


def enqueue_change(
    connection: Connection,
    *,
    subject: str,
    now_is: str,
    kind: Kind,
    data: Mapping[str, Any],
    at: datetime,
) -> bool:
    """Keep a message when something is no longer what was told last; return whether it was.

    Of many processes that see the same change, one tells it. What is seen for the first time is
    noted, and not told: nothing has changed.

    Parameters
    ----------
    connection : of the unit.
    subject : what it is about, such as ``model``.
    now_is : its state of now, as a short text.
    kind, data, at : as for :func:`enqueue`.
    """
    before = connection.scalar(
        select(ANNOUNCEMENTS.c.announced).where(ANNOUNCEMENTS.c.subject == subject)
    )
    if before == now_is:
        return False
    if before is None:
        row = {"subject": subject, "announced": now_is, "announced_at": at}
        connection.execute(ANNOUNCEMENTS.insert(), row)
        return False
    changed = connection.execute(
        update(ANNOUNCEMENTS)
        .where(ANNOUNCEMENTS.c.subject == subject, ANNOUNCEMENTS.c.announced == before)
        .values(announced=now_is, announced_at=at)
    )
    if not changed.rowcount:
        return False
    enqueue(connection, kind=kind, data=data, at=at)
    return True
