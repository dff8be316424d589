"""Customers with news who wait to be scored again: taken on lease, so that a crash loses none.

A row leaves the queue in the unit that records the answer. Whoever took it and was killed never
does that, and when the lease has run out another takes it. Whoever comes late then records nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, or_, select, update

from ebbtide.store.schema.events import RESCORE_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.store.database import Database

AT_ONCE, LATER = 0, 1
"""Priorities: of a few customers, and of many at once, who must not keep the few waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A customer who was taken from the queue.

    Parameters
    ----------
    customer_id : who.
    since : when the oldest news came that no answer has seen, aware.
    version : counts the news; more may come meanwhile.
    attempts : how often they were taken, this time included.
    """

    customer_id: str
    since: datetime
    version: int
    attempts: int


def queue_customers(
    connection: Connection,
    customer_ids: Iterable[str],
    *,
    database: Database,
    at: datetime,
    priority: int,
) -> None:
    """Let customers wait for their turn, as a part of a unit; those who do already have more news.

    Parameters
    ----------
    connection : of the unit.
    customer_ids : who.
    database : of the connection.
    at : when their news came, aware.
    priority : ``AT_ONCE`` or ``LATER``.
    """
    rows = [
        {
            "customer_id": customer_id,
            "priority": priority,
            "waiting_since": at,
            "newest_at": at,
            "version": 1,
            "attempts": 0,
        }
        for customer_id in sorted(customer_ids)
    ]
    if not rows:
        return
    insert = database.insert(RESCORE_QUEUE)
    held, new = RESCORE_QUEUE.c, insert.excluded
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["customer_id"],
            set_={
                "priority": case((new.priority < held.priority, new.priority), else_=held.priority),
                "newest_at": new.newest_at,
                "version": held.version + 1,
                "attempts": 0,
            },
        ),
        rows,
    )


def take_customers(
    connection: Connection, *, lease: str, now: datetime, until: datetime, at_most: int
) -> list[Waiting]:
    """Take the customers whose turn it is, as a part of a unit.

    Parameters
    ----------
    connection : of the unit.
    lease : a new id, by which the taken are known to be still ours.
    now : the present, aware.
    until : when another may take them, aware.
    at_most : how many.
    """
    held = RESCORE_QUEUE.c
    query = (
        select(RESCORE_QUEUE)
        .where(or_(held.leased_until.is_(None), held.leased_until <= now))
        .order_by(held.priority, held.waiting_since)
        .limit(at_most)
    )
    taken = [
        Waiting(
            customer_id=row.customer_id,
            since=row.waiting_since,
            version=row.version,
            attempts=row.attempts + 1,
        )
        for row in connection.execute(query)
    ]
    if taken:
        connection.execute(
            update(RESCORE_QUEUE)
            .where(held.customer_id.in_([each.customer_id for each in taken]))
            .values(lease=lease, leased_until=until, attempts=held.attempts + 1)
        )
    return taken


def still_held(connection: Connection, lease: str) -> set[str]:
    """Return who is still ours of those who were taken under a lease, as a part of a unit."""
    query = select(RESCORE_QUEUE.c.customer_id).where(RESCORE_QUEUE.c.lease == lease)
    return set(connection.scalars(query))


def release_customers(connection: Connection, done: Sequence[Waiting], *, lease: str) -> None:
    """Let customers go who were scored, as a part of a unit; who has more news waits again.

    Parameters
    ----------
    connection : of the unit.
    done : as they were taken.
    lease : under which they were taken; who is not held under it any more is left alone.
    """
    held = RESCORE_QUEUE.c
    for each in done:
        ours = (held.customer_id == each.customer_id) & (held.lease == lease)
        connection.execute(delete(RESCORE_QUEUE).where(ours, held.version == each.version))
        connection.execute(
            update(RESCORE_QUEUE)
            .where(ours)
            .values(lease=None, leased_until=None, waiting_since=held.newest_at, attempts=0)
        )


def return_customers(connection: Connection, *, lease: str, not_before: datetime) -> None:
    """Put those back who are still held under a lease and could not be scored.

    Parameters
    ----------
    connection : of the unit.
    lease : under which they were taken.
    not_before : when their turn comes again, aware.
    """
    connection.execute(
        update(RESCORE_QUEUE)
        .where(RESCORE_QUEUE.c.lease == lease)
        .values(lease=None, leased_until=not_before)
    )


def count_waiting(connection: Connection) -> int:
    """Return how many customers wait or are being scored."""
    return int(connection.execute(select(func.count()).select_from(RESCORE_QUEUE)).scalar_one())
