"""Keep what was received, part by part, with its customers' turn to be scored again.

A row is kept and its customer queued in one unit, so that a request which ends halfway has done no
harm: sent again, it keeps the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ebbtide.store.erasure import barred_by
from ebbtide.store.events import entries_of, record_events
from ebbtide.store.histories import Histories
from ebbtide.store.rescore_queue import AT_ONCE, LATER, queue_customers
from service.recording.eligibility import obstacles, tables_that_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.events import Entry, Event
    from service.desk import Desk
    from service.recording.eligibility import Obstacle

_FEW = 100
"""So many customers of one request are scored at once; those of a larger one after all others."""
_PART = 2_000
"""Rows in one unit: others who write wait for no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the rows of a request.

    Parameters
    ----------
    kept : new rows by customer.
    erased : rows that were known before their customer was erased.
    """

    kept: Counter[str] = field(default_factory=Counter)
    erased: int = 0

    def plus(self, other: Outcome) -> Outcome:
        """Return both together."""
        return Outcome(kept=self.kept + other.kept, erased=self.erased + other.erased)


def keep_all_but_last(
    events: Sequence[Event], *, desk: Desk, hindered: dict[str, Obstacle], now: datetime
) -> tuple[Outcome, Callable[[Connection], Outcome]]:
    """Commit the rows of a request but for the last part, and return the unit that keeps that.

    Parameters
    ----------
    events : good rows, at least one.
    desk : with the store.
    hindered : customers who cannot be scored again.
    now : the present.
    """
    entries = entries_of(events, received_at=now)
    able = {event.customer_id for event in events} - hindered.keys()
    keep = partial(
        _keep,
        desk=desk,
        hindered=hindered,
        now=now,
        priority=AT_ONCE if len(able) <= _FEW else LATER,
    )
    outcome = Outcome()
    parts = [entries[start : start + _PART] for start in range(0, len(entries), _PART)]
    for part in parts[:-1]:
        unit = partial(keep, entries=part)
        outcome = outcome.plus(desk.store.database.write(unit, deed="keep the events"))
    return outcome, partial(keep, entries=parts[-1])


def _keep(
    connection: Connection,
    *,
    entries: Sequence[Entry],
    desk: Desk,
    hindered: dict[str, Obstacle],
    now: datetime,
    priority: int,
) -> Outcome:
    known = [(entry["customer_id"], entry["known_at"]) for entry in entries]
    barred = barred_by(desk.store.erasures, connection, known)
    allowed = [entry for entry, fact in zip(entries, known, strict=True) if fact not in barred]
    database = desk.store.database
    kept = record_events(connection, allowed, database=database)
    able = kept.keys() - hindered.keys()
    queue_customers(connection, able, database=database, at=now, priority=priority)
    return Outcome(kept=Counter(kept), erased=len(entries) - len(allowed))


def hindered_by(
    events: Sequence[Event], *, desk: Desk, bundle: Bundle | None, now: datetime
) -> dict[str, Obstacle]:
    """Return which customers will not be scored again, and why.

    Parameters
    ----------
    events : good rows.
    desk : with the store.
    bundle : the served model, if there is one.
    now : the present.
    """
    histories = Histories(desk.store.database)
    newest: dict[str, datetime] = {}
    count = tables_that_count(bundle)
    for event in events:
        if count is None or event.table in count:
            known = newest.get(event.customer_id, event.known_at)
            newest[event.customer_id] = max(known, event.known_at)
    hindered: dict[str, Obstacle] = {
        event.customer_id: "not_read" for event in events if event.customer_id not in newest
    }
    with desk.store.database.read("look up histories") as connection:
        hindered |= obstacles(
            connection,
            list(newest),
            histories=histories,
            bundle=bundle,
            now=now,
            valid_days=desk.settings.history_valid_days,
        )
        published = histories.published(connection, list(newest))
    for customer_id, known_at in newest.items():
        if customer_id in published and known_at < published[customer_id][0]:
            hindered.setdefault(customer_id, "covered")
    return hindered


def unread_tables(events: Sequence[Event], bundle: Bundle | None) -> list[str]:
    """Return the tables of some events that the served model does not read."""
    count = tables_that_count(bundle)
    return [] if count is None else sorted({event.table for event in events} - count)
