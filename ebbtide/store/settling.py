"""What a store of an older state must become before it is used."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from ebbtide.store.audit import record_deed
from ebbtide.store.current_list import renew_epoch
from ebbtide.store.migrations.upgrade import is_of_this_version, upgrade
from ebbtide.store.preferences import Preferences, keep_preferences, preferences_of
from ebbtide.store.schema.access import API_KEYS, AUDIT_HEAD, AUDIT_LOG
from ebbtide.store.schema.privacy import PREFERENCES
from ebbtide.store.sql import erasures_of
from ebbtide.store.store import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from ebbtide.store.database import Database


RESTORED = "store.restored"
"""The deed that stands in the log from then on."""


def settle(database: Database, *, service_folder: Path, at: datetime, actor: str) -> None:
    """Bring a store that was restored to this version, and take out what must not come back.

    Parameters
    ----------
    database : the store, or a copy that is about to take its place.
    service_folder : of the project; what was erased is noted there.
    at : the present, for the log of deeds.
    actor : who restored it.

    Raises
    ------
    SettingsError
        If it is of a newer version.
    """
    upgrade(database)
    erasures_of(database, service_folder)

    def note(connection: Connection) -> None:
        renew_epoch(connection)
        record_deed(connection, at=at, actor=actor, deed=RESTORED, subject=None, details={})

    database.write(note, deed="note that it was restored")


def carry_over(present: Database, *, to: Database) -> bool:
    """Keep what holds now and must not be undone: keys, revoked ones too, preferences, deeds.

    Parameters
    ----------
    present : the store that is about to be replaced.
    to : the copy that takes its place; it is settled already.

    Returns
    -------
    bool
        Whether that could be done; not where the store is empty, damaged or of another version.
    """
    try:
        if not is_of_this_version(present):
            return False
        with present.read("read what holds now") as connection:
            keys = connection.execute(select(API_KEYS)).all()
            decided = connection.execute(select(PREFERENCES)).all()
            deeds = _deeds(connection)
    except StoreUnavailable:
        return False
    to.write(partial(_keep, keys=keys, decided=decided, database=to), deed="keep what holds now")
    to.write(partial(_keep_deeds, deeds=deeds), deed="keep what holds now")
    return True


def _deeds(connection: Connection) -> list[dict[str, Any]]:
    """Return the log of deeds, the oldest first."""
    query = select(AUDIT_LOG).order_by(AUDIT_LOG.c.sequence)
    return [dict(row._mapping) for row in connection.execute(query)]


def _keep_deeds(connection: Connection, *, deeds: Sequence[dict[str, Any]]) -> None:
    """Let the log of now stand, and behind it that the store was restored.

    The log of the backup is its beginning. Where it is not, the backup is of another store, and the
    log in it stays as it is.
    """
    known = {(each["sequence"], each["hash"]) for each in deeds}
    added = [each for each in _deeds(connection) if (each["sequence"], each["hash"]) not in known]
    if not deeds or any(each["deed"] != RESTORED for each in added):
        return
    connection.execute(delete(AUDIT_LOG))
    connection.execute(AUDIT_LOG.insert(), list(deeds))
    newest = {name: deeds[-1][name] for name in ("sequence", "hash")}
    connection.execute(delete(AUDIT_HEAD))
    connection.execute(AUDIT_HEAD.insert(), {"id": 1, **newest})
    for each in added:
        record_deed(
            connection,
            at=each["at"],
            actor=each["actor"],
            deed=RESTORED,
            subject=None,
            details=json.loads(each["details"]),
        )


def _keep(
    connection: Connection,
    *,
    keys: Sequence[Row[*tuple[object, ...]]],
    decided: Sequence[Row[*tuple[object, ...]]],
    database: Database,
) -> None:
    insert = database.insert(API_KEYS)
    as_it_is = {c.name: insert.excluded[c.name] for c in API_KEYS.c if not c.primary_key}
    for key in keys:
        connection.execute(
            insert.on_conflict_do_update(index_elements=["key_id"], set_=as_it_is),
            dict(key._mapping),
        )
    known = preferences_of(connection, [row.customer_id for row in decided])
    for row in decided:
        old = known.get(row.customer_id)
        if old is None or old.updated_at is None or old.updated_at < row.updated_at:
            keep_preferences(
                connection,
                row.customer_id,
                Preferences(
                    profiling_opt_out=row.profiling_opt_out,
                    contact_opt_out=row.contact_opt_out,
                    updated_at=row.updated_at,
                ),
                database=database,
            )
