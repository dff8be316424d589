"""The current score of one customer, read so fast that an event loop may do it itself.

A connection of its own and one prepared statement, in a SQLite file. It never waits: where somebody
holds the file it says so, and the ordinary way can be taken, by a thread that may wait.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from ebbtide.store.current import OF_CUSTOMER, Current
from ebbtide.store.failures import note, unavailable
from ebbtide.store.sqlite import SqliteFile
from ebbtide.store.store import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.store.database import Database

_QUERY = str(OF_CUSTOMER.compile(dialect=sqlite.dialect()))
_DEED = "look up the score"
RELIED_ON_SECONDS = 0.005
"""How long a look at which file is there holds: each look is a call of the system more."""


def current_reader(database: Database) -> CurrentReader | None:
    """Return a reader of a database, to be closed before it; None where there is none of its kind.

    Parameters
    ----------
    database : with the tables of this version.
    """
    return CurrentReader(database.kind) if isinstance(database.kind, SqliteFile) else None


class CurrentReader:
    """Reads what ``current_score`` does. For one thread.

    Parameters
    ----------
    file : of the database; opened with the first read, and anew when another is in its place.
    monotonic : seconds since some moment.
    """

    def __init__(
        self, file: SqliteFile, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._monotonic = monotonic
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._looked_at = 0.0

    def read(self, customer_id: str) -> Current | None:
        """Return the answer that holds for a customer; None where nothing was ever answered.

        What was committed before, by whatever process, is seen; that another file is in the place
        of this one, after ``RELIED_ON_SECONDS`` at the latest.

        Raises
        ------
        StoreBusy
            If others hold the file at this moment.
        StoreUnavailable
            If the file is gone or cannot be read.
        """
        try:
            now = self._monotonic()
            if self._connection is None or now - self._looked_at >= RELIED_ON_SECONDS:
                self._look()
                self._looked_at = now
            assert self._connection is not None
            rows = self._connection.execute(_QUERY, (customer_id,)).fetchall()
        except sqlite3.Error as err:
            self.close()
            failed = DBAPIError.instance(None, None, err, sqlite3.Error, hide_parameters=True)
            assert isinstance(failed, DBAPIError)
            note(failed)
            raise unavailable(failed, _DEED, waited_seconds=0.0) from failed
        return _current(rows[0]) if rows else None

    def close(self) -> None:
        """Close the connection; the next read opens it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> None:
        """Open the file, unless the one that is there is open."""
        identity = self._file.identity()
        if identity is None:
            self.close()
            raise StoreUnavailable(_DEED)
        if self._connection is None or identity != self._identity:
            self._open()

    def _open(self) -> None:
        self.close()
        before = self._file.identity()
        connection = self._file.connect(wait_seconds=0.0)
        if before is None or self._file.identity() != before:
            connection.close()
            raise sqlite3.OperationalError("the file was exchanged while it was opened")
        connection.execute("PRAGMA query_only = ON")
        self._connection, self._identity = connection, before


def _current(row: tuple[str, ...]) -> Current:
    _, _, valid_until, definition, language, written, profiling, contact, newer = row
    return Current(
        written=written,
        valid_until=datetime.fromisoformat(valid_until).replace(tzinfo=UTC),
        definition=definition,
        language=language,  # type: ignore[arg-type]  # it was written from an answer
        profiling_opt_out=bool(profiling),
        contact_opt_out=bool(contact),
        has_newer_events=bool(newer),
    )
