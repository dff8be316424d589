"""Connections to a SQLite file: durable, and sure to be to the file that is there.

WAL mode with ``synchronous=FULL``: what is committed survives a crash of the machine. A file that
is removed or exchanged while it is open would go on taking what nobody finds again; that is seen
before and after each transaction. A file that is missing is never made anew behind one's back.
"""

from __future__ import annotations

import math
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from ebbtide.errors import SettingsError
from ebbtide.store.driver import Driver
from ebbtide.store.store import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL, Connection, Engine

_WRITES = "ebbtide_writes"
_IDENTITY = "ebbtide_identity"
_WAITS = "ebbtide_waits_ms"
_WAIT_STEP_MS = 20  # what is left of a wait is rounded up to it
_WAL_BYTES = 64 * 2**20  # it is cut to this when it was written back
_CACHE_KIB = 1000  # pages that each connection keeps; the system has the whole file, too
_WAL_PAGES = 4000  # after so many it is written back: pages that change often are written once


class SqliteFile:
    """A database in a file.

    Parameters
    ----------
    url : names the file.
    busy_seconds : how long who begins a transaction waits for others, seconds.

    Raises
    ------
    SettingsError
        If the URL names no file or has options, or the file or its folder cannot be made.
    """

    def __init__(self, url: URL, *, busy_seconds: float) -> None:
        if not url.database or url.database.startswith((":memory:", "file:")) or url.query:
            raise SettingsError(
                "Expected a database URL that names a file and nothing else, such as "
                "sqlite:////var/lib/ebbtide/store.db; change [stores] database_url."
            )
        self.path = Path(url.database).absolute()
        self._name = str(self.path)
        self._wal = self.path.with_name(self.path.name + "-wal")
        self._busy_seconds = busy_seconds
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)  # customers are in it, and secrets that sign
        except OSError as err:
            raise SettingsError(
                f"Expected a store at {self._name!r}, which cannot be opened for writing "
                f"({err.strerror}). Give this user the right to write to the file and its folder, "
                f"or change stores.folder or stores.database_url."
            ) from err

    def engine(self, url: URL, pool: Mapping[str, Any]) -> Engine:
        """Return the connections to it."""
        engine = create_engine(url, creator=self._connect, hide_parameters=True, **pool)
        event.listen(engine, "checkout", self._require_same_file)
        event.listen(engine, "begin", self._begin)
        return engine

    def reading(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see one moment: in WAL mode each one does."""
        return engine

    def writing(self, engine: Engine) -> Engine:
        """Return an engine whose transactions begin when it is their turn."""
        return engine.execution_options(**{_WRITES: True})

    def take_turn(self, connection: Connection, *, wait_seconds: float) -> None:
        """Begin to write, before anything is read; others who write wait from here on."""
        connection.begin()
        driver = Driver(connection)
        _wait_for_others(connection, driver, wait_seconds)
        driver.run("BEGIN IMMEDIATE")

    def take_time(self, connection: Connection) -> None:
        """Nothing: statements take as long as they need."""

    def purge(self, connection: Connection) -> None:
        """Write the log back and empty it, for it holds rows that were deleted since.

        Raises
        ------
        StoreBusy
            If somebody went on reading from it for too long; it is not emptied.
        """
        connection.rollback()
        connection.connection.info.pop(_WAITS, None)
        raw = connection.connection.cursor()
        try:
            raw.execute(f"PRAGMA busy_timeout = {int(self._busy_seconds * 1000)}")
            (is_busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.close()
        if is_busy:
            raise StoreBusy("empty its write-ahead log", waited_seconds=self._busy_seconds)

    def is_kept(self, connection: Connection) -> bool:
        """Whether what was committed is in the file that carries the name, as far as is seen."""
        known = connection.connection.info[_IDENTITY]
        try:
            return known == self.identity() and self._wal.exists()
        except OSError:  # a folder that cannot be looked into any more
            return False

    may_be_kept = True
    """Whether the connection that writes is kept from one group to the next."""

    def may_go_on(self, connection: Connection) -> bool:
        """Whether a connection that was kept is to the file that is there."""
        return (
            not connection.invalidated and connection.connection.info[_IDENTITY] == self.identity()
        )

    def connect(self, *, wait_seconds: float) -> sqlite3.Connection:
        """Return a connection that begins and ends no transactions by itself.

        Parameters
        ----------
        wait_seconds : how long it waits for others, unless it is told otherwise.

        Raises
        ------
        sqlite3.Error
            If the file is not there, or cannot be used.
        """
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=wait_seconds,
            isolation_level=None,  # the driver would begin and end transactions by itself
            check_same_thread=False,
        )
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise sqlite3.OperationalError("this place takes no write-ahead log")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
            # What undoes a unit alone is kept in memory, not in a file that is written for each.
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection

    def identity(self) -> tuple[int, int] | None:
        """Return what tells the file from any other; None where there is none."""
        try:
            found = os.stat(self._name)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        return self.connect(wait_seconds=self._busy_seconds)

    def _require_same_file(self, _connection: Any, record: Any, _proxy: Any) -> None:
        identity = self.identity()
        if identity is None or record.info.setdefault(_IDENTITY, identity) != identity:
            raise InvalidatePoolError

    def _begin(self, connection: Connection) -> None:
        """Begin a transaction that reads; one that writes begins when it takes its turn."""
        if not connection.get_execution_options().get(_WRITES, False):
            driver = Driver(connection)
            _wait_for_others(connection, driver, self._busy_seconds)
            driver.run("BEGIN")


def _wait_for_others(connection: Connection, driver: Driver, seconds: float) -> None:
    """Let a connection wait so long; it is told only where that changes."""
    wait_ms = max(0, math.ceil(seconds * 1000 / _WAIT_STEP_MS) * _WAIT_STEP_MS)
    info = connection.connection.info
    if info.get(_WAITS) != wait_ms:
        info.pop(_WAITS, None)
        driver.run(f"PRAGMA busy_timeout = {wait_ms}")
        info[_WAITS] = wait_ms
