"""Alarms that stay raised until they are cleared: each is told once, whoever sees it first.

They are kept among the announcements, so that another process, or the next one, knows them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from ebbtide.store.schema.webhooks import ANNOUNCEMENTS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

_RAISED, _CLEARED = "raised", "cleared"


def raised_among(connection: Connection, names: Collection[str], *, about: str) -> set[str]:
    """Return those of some alarms that are raised.

    Parameters
    ----------
    connection : for reading.
    names : of the alarms.
    about : what they are about, such as the version of a model.
    """
    by_subject = {_subject(name, about): name for name in names}
    query = select(ANNOUNCEMENTS.c.subject).where(
        ANNOUNCEMENTS.c.subject.in_(by_subject), ANNOUNCEMENTS.c.announced == _RAISED
    )
    return {by_subject[subject] for subject in connection.scalars(query)}


def set_alarms(
    connection: Connection, names: Collection[str], *, about: str, is_raised: bool, at: datetime
) -> None:
    """Note that alarms are raised, or are not any more, as a part of a unit.

    Parameters
    ----------
    connection : of the unit.
    names, about : as for :func:`raised_among`.
    is_raised : whether they are from now on.
    at : the present.
    """
    state = {"announced": _RAISED if is_raised else _CLEARED, "announced_at": at}
    for name in names:
        subject = _subject(name, about)
        changed = connection.execute(
            ANNOUNCEMENTS.update().where(ANNOUNCEMENTS.c.subject == subject).values(state)
        )
        if not changed.rowcount:
            connection.execute(ANNOUNCEMENTS.insert(), {"subject": subject, **state})


def _subject(name: str, about: str) -> str:
    """Return a key that fits the column, however long a name is."""
    return "alarm:" + hashlib.sha256(f"{about} {name}".encode()).hexdigest()[:32]
