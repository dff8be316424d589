"""What customers have decided about their data: not to be scored, not to be contacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from ebbtide.store.kept_answers import forget_kept_answers
from ebbtide.store.schema.privacy import PREFERENCES
from ebbtide.store.schema.scores import CURRENT_SCORES
from ebbtide.store.schema.webhooks import WEBHOOK_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.store.database import Database

_CHUNK = 500  # ids in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one customer has decided.

    Parameters
    ----------
    profiling_opt_out : whether no score of theirs may be made or shown.
    contact_opt_out : whether no action that needs consent may be suggested.
    updated_at : when that was noted, aware; None if it never was.
    """

    profiling_opt_out: bool = False
    contact_opt_out: bool = False
    updated_at: datetime | None = None


NONE = Preferences()
"""What holds for a customer who has decided nothing."""


def preferences_of(connection: Connection, customer_ids: Iterable[str]) -> dict[str, Preferences]:
    """Return the preferences of those customers who have noted any.

    Parameters
    ----------
    connection : to read through.
    customer_ids : who is asked about.
    """
    wanted = list(dict.fromkeys(customer_ids))
    found = {}
    for start in range(0, len(wanted), _CHUNK):
        query = select(PREFERENCES).where(
            PREFERENCES.c.customer_id.in_(wanted[start : start + _CHUNK])
        )
        for row in connection.execute(query):
            found[row.customer_id] = Preferences(
                profiling_opt_out=row.profiling_opt_out,
                contact_opt_out=row.contact_opt_out,
                updated_at=row.updated_at,
            )
    return found


def keep_preferences(
    connection: Connection, customer_id: str, preferences: Preferences, *, database: Database
) -> None:
    """Keep what a customer has decided, as a part of a unit.

    Who opts out of profiling has no current score from then on; kept answers and messages that tell
    one go, too.

    Parameters
    ----------
    connection : of the unit.
    customer_id : who.
    preferences : with ``updated_at``.
    database : of the connection.
    """
    insert = database.insert(PREFERENCES)
    values = {
        "profiling_opt_out": preferences.profiling_opt_out,
        "contact_opt_out": preferences.contact_opt_out,
        "updated_at": preferences.updated_at,
    }
    connection.execute(
        insert.on_conflict_do_update(index_elements=["customer_id"], set_=values),
        {"customer_id": customer_id, **values},
    )
    if preferences.profiling_opt_out:
        for table in (CURRENT_SCORES, WEBHOOK_MESSAGES):
            connection.execute(delete(table).where(table.c.customer_id == customer_id))
        forget_kept_answers(connection, customer_id)
