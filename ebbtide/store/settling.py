"""What a store of an older state must become before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.store.audit import record_deed
from ebbtide.store.current_list import renew_epoch
from ebbtide.store.migrations.upgrade import upgrade
from ebbtide.store.sql import erasures_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from ebbtide.store.database import Database


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
        record_deed(connection, at=at, actor=actor, deed="store.restored", subject=None, details={})

    database.write(note, deed="note that it was restored")
