"""Events that came by the interface: kept once each, never changed, known from an instant on.

What completes or corrects a row is kept as another version of it, so that it can be told what was
known when. Which rows belong together is not decided here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from ebbtide.contracts.tables import table_contract
from ebbtide.store.schema.events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from ebbtide.store.database import Database

Entry = dict[str, Any]
"""A row of the table, ready to be kept."""

_CHUNK = 500  # ids in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of a table, as it was sent.

    Parameters
    ----------
    customer_id : whose it is.
    table : of the contract.
    row : its columns, without ``customer_id``; instants are aware.
    known_at : from when on it was known, aware.
    event_id : the sender's id of it; rows with the same one are versions of one event.
    """

    customer_id: str
    table: str
    row: Mapping[str, object]
    known_at: datetime
    event_id: str | None = None


def entries_of(events: Iterable[Event], *, received_at: datetime) -> list[Entry]:
    """Return events as they are kept, each once; for before the unit, which has to be quick.

    Parameters
    ----------
    events : what was sent.
    received_at : the present, aware.
    """
    entries: dict[str, Entry] = {}
    for event in events:
        content = _written(event)
        identity = _identity(event, content)
        if identity not in entries:
            entries[identity] = {
                "identity": identity,
                "customer_id": event.customer_id,
                "table_name": event.table,
                "event_id": event.event_id,
                "known_at": event.known_at,
                "received_at": received_at,
                "content": content,
            }
    return list(entries.values())


def record_events(
    connection: Connection, entries: Sequence[Entry], *, database: Database
) -> dict[str, int]:
    """Keep events that are new, as a part of a unit of ``Database.write``.

    One is known already if the same table, customer, ``event_id`` and columns were sent before.

    Parameters
    ----------
    connection : of the unit.
    entries : what to keep.
    database : of the connection.

    Returns
    -------
    dict
        How many were kept, by customer.
    """
    known: set[str] = set()
    for start in range(0, len(entries), _CHUNK):
        part = [entry["identity"] for entry in entries[start : start + _CHUNK]]
        known.update(
            connection.scalars(select(EVENTS.c.identity).where(EVENTS.c.identity.in_(part)))
        )
    new = [entry for entry in entries if entry["identity"] not in known]
    if new:  # of two processes that keep the same at once, one changes nothing
        connection.execute(database.insert(EVENTS).on_conflict_do_nothing(), new)
    return dict(Counter(entry["customer_id"] for entry in new))


def events_of(connection: Connection, customer_ids: Sequence[str]) -> dict[str, list[Event]]:
    """Return all events of those customers who have any, in the order in which they were known."""
    found: dict[str, list[Event]] = {}
    for start in range(0, len(customer_ids), _CHUNK):
        query = (
            select(EVENTS)
            .where(EVENTS.c.customer_id.in_(customer_ids[start : start + _CHUNK]))
            .order_by(EVENTS.c.known_at, EVENTS.c.sequence)
        )
        for row in connection.execute(query):
            found.setdefault(row.customer_id, []).append(
                Event(
                    customer_id=row.customer_id,
                    table=row.table_name,
                    row=_read(row.content, row.table_name),
                    known_at=row.known_at,
                    event_id=row.event_id,
                )
            )
    return found


def customers_with_events_since(
    connection: Connection,
    customer_ids: Sequence[str],
    instant: datetime,
    *,
    before: datetime | None = None,
) -> list[str]:
    """Return those of some customers of whom events became known at an instant or later.

    An answer with that ``as_of`` has not seen them.

    Parameters
    ----------
    connection : for reading.
    customer_ids : of whom.
    instant : aware.
    before : only events that were known before this instant, aware; None for all.
    """
    found: list[str] = []
    for start in range(0, len(customer_ids), _CHUNK):
        query = (
            select(EVENTS.c.customer_id)
            .where(EVENTS.c.customer_id.in_(customer_ids[start : start + _CHUNK]))
            .where(EVENTS.c.known_at >= instant)
            .distinct()
        )
        if before is not None:
            query = query.where(EVENTS.c.known_at < before)
        found += connection.scalars(query)
    return found


def _identity(event: Event, content: str) -> str:
    whose = json.dumps([event.table, event.customer_id, event.event_id])
    return hashlib.sha256(f"{whose}{content}".encode()).hexdigest()


def _written(event: Event) -> str:
    """Return the row as JSON, the same for equal rows."""
    row = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in sorted(event.row.items())
    }
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def _read(content: str, table: str) -> dict[str, object]:
    contract = table_contract(table)
    return {
        name: datetime.fromisoformat(value)
        if value is not None and contract.column(name).kind == "instant"
        else value
        for name, value in json.loads(content).items()
    }
