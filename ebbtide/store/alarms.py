"""Alarms that stay raised until they are cleared: each is told once, whoever sees it first.

They are kept among the announcements, so that another process, or the next one, knows them. What
is raised is renewed as long as somebody sees it, and may be ended when nobody does any more.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from ebbtide.store.schema.webhooks import ANNOUNCEMENTS

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Select

_PREFIX = "alarm:"
_RAISED, _CLEARED = "raised", "cleared"
_LONGEST = 200


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
        ANNOUNCEMENTS.c.subject.in_(by_subject), ANNOUNCEMENTS.c.announced.startswith(_RAISED)
    )
    return {by_subject[subject] for subject in connection.scalars(query)}


def set_alarms(
    connection: Connection, names: Collection[str], *, about: str, is_raised: bool, at: datetime
) -> None:
    """Note that alarms are (still) raised, or are not any more, as a part of a unit.

    Parameters
    ----------
    connection : of the unit.
    names, about : as for :func:`raised_among`; no space is in ``about``.
    is_raised : whether they are from now on.
    at : the present.
    """
    for name in names:
        announced = f"{_RAISED} {about} {name}"[:_LONGEST] if is_raised else _CLEARED
        state = {"announced": announced, "announced_at": at}
        subject = _subject(name, about)
        changed = connection.execute(
            ANNOUNCEMENTS.update().where(ANNOUNCEMENTS.c.subject == subject).values(state)
        )
        if not changed.rowcount:
            connection.execute(ANNOUNCEMENTS.insert(), {"subject": subject, **state})


def end_unseen(
    connection: Connection, *, not_about: str, before: datetime, at: datetime
) -> dict[str, set[str]]:
    """Note that raised alarms about others are not raised any more, if nobody has renewed them.

    As a part of a unit: of many processes that do so at once, one is told of each.

    Parameters
    ----------
    connection : of the unit.
    not_about : what is left alone.
    before : what was noted since then is left alone, too: another process may see it.
    at : the present.

    Returns
    -------
    Names of the alarms that were ended, by what they were about.
    """
    ended: dict[str, set[str]] = {}
    for row in connection.execute(_unseen(not_about, before)).mappings().all():
        subject, announced = row["subject"], row["announced"]
        changed = connection.execute(
            ANNOUNCEMENTS.update()
            .where(
                ANNOUNCEMENTS.c.subject == subject,
                ANNOUNCEMENTS.c.announced == announced,
                ANNOUNCEMENTS.c.announced_at < before,
            )
            .values(announced=_CLEARED, announced_at=at)
        )
        if changed.rowcount:
            _, about, name = announced.split(" ", 2)
            ended.setdefault(about, set()).add(name)
    return ended


def has_unseen(connection: Connection, *, not_about: str, before: datetime) -> bool:
    """Return whether :func:`end_unseen` would find any.

    Parameters
    ----------
    connection : for reading.
    not_about, before : as there.
    """
    return connection.execute(_unseen(not_about, before).limit(1)).first() is not None


def _unseen(not_about: str, before: datetime) -> Select[tuple[str, str]]:
    announced = ANNOUNCEMENTS.c.announced
    return select(ANNOUNCEMENTS.c.subject, announced).where(
        ANNOUNCEMENTS.c.subject.startswith(_PREFIX),
        announced.startswith(f"{_RAISED} "),
        ~announced.startswith(f"{_RAISED} {not_about} ", autoescape=True),
        ANNOUNCEMENTS.c.announced_at < before,
    )


def _subject(name: str, about: str) -> str:
    """Return a key that fits the column, however long a name is."""
    return _PREFIX + hashlib.sha256(f"{about} {name}".encode()).hexdigest()[:32]
