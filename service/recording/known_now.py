"""What is known of customers at this moment: their histories with the events since, to be scored.

The one place where it is put together, so that whoever asks hears what the re-scorer says. Nothing
is scored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ebbtide.store.events import events_of
from service.recording.eligibility import obstacles
from service.recording.known_rows import known_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.events import Event
    from ebbtide.store.histories import Histories, Rows

_INSTANT = timedelta(microseconds=1)  # as_of is exclusive: the newest event is to be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All rows that are known of a customer, and as of when.

    Parameters
    ----------
    rows : by table, as ``features_of_events`` takes them; without a table if nothing is stored.
    as_of : aware, exclusive; all events are before it.
    """

    rows: Rows
    as_of: datetime


def known_now(
    connection: Connection,
    customer_ids: Sequence[str],
    *,
    histories: Histories,
    bundle: Bundle,
    now: datetime,
    valid_days: float,
) -> dict[str, Known]:
    """Return what is known of those of some customers who can be scored on it.

    Parameters
    ----------
    connection : for reading.
    customer_ids : each once. Those with an obstacle are left out.
    histories : of the same database.
    bundle : the model that is to score them.
    now : the present.
    valid_days : how old a history may be, days.
    """
    hindered = obstacles(
        connection,
        customer_ids,
        histories=histories,
        bundle=bundle,
        now=now,
        valid_days=valid_days,
    )
    able = [each for each in customer_ids if each not in hindered]
    published = histories.of(connection, able)
    events = events_of(connection, able)
    found = {}
    for customer_id in able:
        news = events.get(customer_id, [])
        rows = known_rows(published.get(customer_id), news)
        found[customer_id] = Known(rows=rows, as_of=_as_of(news, now=now))
    return found


def _as_of(events: Sequence[Event], *, now: datetime) -> datetime:
    """Return the present, or just after the newest event where the clock has not moved since."""
    return max([now, *(event.known_at + _INSTANT for event in events[-1:])])
