"""One database: read it, and write to it in groups.

Who writes hands in a unit, a function of a connection. Units that wait at the same time are
committed together: the disk is waited for once, not once each (group commit). Each unit runs in a
savepoint of its own, so that one that fails undoes only itself.

Whoever comes first leads: it waits until nobody else writes, and only then takes in all who have
come meanwhile, runs them, commits, and lets the next one lead.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from ebbtide.errors import SettingsError
from ebbtide.store.entry import Entry
from ebbtide.store.failures import is_end_unknown, note, note_end_unknown, unavailable
from ebbtide.store.postgres import PostgresDatabase
from ebbtide.store.sqlite import SqliteFile
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine, Table

T = TypeVar("T")

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
}
BUSY_SECONDS = 5.0
_AT_ONCE = 256  # units in one transaction
_POOL = {"pool_size": 16, "max_overflow": 48}


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open the database of a URL; tables are not touched.

    Parameters
    ----------
    url : of a SQLite file, which is made if it is missing, or of a PostgreSQL database.
    busy_seconds : how long to wait for others who write, seconds; then ``StoreBusy`` is raised.

    Raises
    ------
    SettingsError
        If the URL is none, or of a database that is not supported, or the file or its folder
        cannot be made.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # from None: what was given may hold a password
        raise SettingsError(
            "Expected a database URL such as sqlite:////var/lib/ebbtide/store.db, and the "
            "configured one cannot be read; change [stores] database_url."
        ) from None
    if parsed.drivername not in _DRIVERS:
        raise SettingsError(
            f"Expected a database URL that begins with one of {', '.join(sorted(_DRIVERS))}, got "
            f"one of {parsed.drivername!r}; change [stores] database_url."
        )
    kind: SqliteFile | PostgresDatabase = (
        SqliteFile(parsed, busy_seconds=busy_seconds)
        if _DRIVERS[parsed.drivername] == "sqlite"
        else PostgresDatabase(busy_seconds=busy_seconds)
    )
    try:
        engine = kind.engine(parsed, {**_POOL, "pool_timeout": busy_seconds})
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError, ValueError):
        raise SettingsError(
            "Expected a database URL with options that its driver knows, and the configured one "
            "cannot be used; change [stores] database_url."
        ) from None
    return Database(engine, kind=kind, busy_seconds=busy_seconds)


class Database:
    """Reads at once, writes in groups; safe to use from many threads.

    Parameters
    ----------
    engine : the connections.
    kind : what is special about this kind of database.
    busy_seconds : how long a unit waits for its turn, seconds, and then for a thread that has it.
    """

    def __init__(
        self, engine: Engine, *, kind: SqliteFile | PostgresDatabase, busy_seconds: float
    ) -> None:
        self.engine = engine
        self.kind = kind
        self._reading = kind.reading(engine)
        self._writing = kind.writing(engine)
        self._busy_seconds = busy_seconds
        self.last_write_failed = False
        """Whether the newest group could not be committed."""
        self.failed_writes = 0
        """How many groups could not be."""
        self._kept: Connection | None = None  # only who leads takes it
        self._is_closed = False
        self._waiting: deque[Entry[Any]] = deque()
        self._queueing = threading.Lock()
        self._leader: int | None = None  # the thread that commits, or is about to

    def write(
        self,
        unit: Callable[[Connection], T],
        *,
        deed: str = "keep the change",
        wait_seconds: float | None = None,
    ) -> T:
        """Run a unit in a transaction, and return what it returned when that is committed.

        A unit may be run by another thread, must be quick, and must not call ``write`` itself.
        Units run one after another, whoever they come from: what a unit has read is still so when
        it writes.

        Parameters
        ----------
        unit : writes through the connection that it is given; what it raises undoes only its part.
        deed : what it does, for the message of an error: "The store could not ...".
        wait_seconds : how long it waits for its turn; None for ``busy_seconds``.

        Raises
        ------
        StoreBusy
            If it did not get its turn in time; nothing was written.
        StoreOutcomeUnknown
            If connection, disk or file failed during the commit itself, or behind it, or if the
            thread that commits it hangs for ``busy_seconds`` beyond the wait: it may be written.
            The thread that commits waits for the disk itself, however long that takes.
        StoreUnavailable
            If the database failed otherwise; nothing was written.
        """
        patience = self._busy_seconds if wait_seconds is None else wait_seconds
        entry = Entry(unit, deed, ends_at=monotonic() + patience)
        self.write_all([entry])
        return entry.result()

    def write_all(self, entries: Sequence[Entry[Any]]) -> None:
        """Run units as :meth:`write` does, together where that can be; each says what became of it.

        Parameters
        ----------
        entries : new ones; :meth:`Entry.result` returns or raises as :meth:`write` does afterwards,
            also where what is no ``Exception`` ends this call: it is raised here, too.
        """
        assert self._leader != threading.get_ident(), "a unit must not call write"
        self._enqueue(entries)
        try:
            for entry in entries:
                self._see_through(entry)
        except BaseException:
            self._withdraw(entries)
            raise

    @contextmanager
    def read(self, deed: str = "be read") -> Iterator[Connection]:
        """Give a connection for reading; all that is read through it is of one moment.

        Raises
        ------
        StoreUnavailable
            If the database failed.
        """
        try:
            with self._reading.connect() as connection:
                yield connection
        except SQLAlchemyError as err:
            note(err)
            raise self._failure(err, deed) from err

    def insert(self, table: Table) -> Any:
        """Return an insert of this database's dialect, which knows ``on_conflict_do_...``."""
        return _INSERT[self.engine.dialect.name](table)

    def purge(self) -> None:
        """Let no deleted row linger in files beside the database, where that is in our hands."""
        with self.read("be purged") as connection:
            self.kind.purge(connection)

    def close(self) -> None:
        """Close the connections."""
        with self._queueing:  # who leads has it now, and closes it by itself
            self._is_closed = True
            kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
        self.engine.dispose()

    def _enqueue(self, entries: Sequence[Entry[Any]]) -> None:
        with self._queueing:
            self._waiting.extend(entries)
            if self._leader is None and entries:
                self._leader = 0
                entries[0].leads = True

    def _see_through(self, entry: Entry[Any]) -> None:
        """Return when it is known what became of a unit; lead the group that it falls to."""
        if not entry.leads:
            self._wait(entry)
        if entry.leads:
            self._leader = threading.get_ident()
            try:
                self._commit_group(entry)
            finally:
                self._hand_over(entry)

    def _wait(self, entry: Entry[Any]) -> None:
        """Wait until a unit is committed or is to lead; withdraw it if its time ends before.

        One that another thread has taken in is waited for as long again, and then no longer.
        """
        if entry.told.wait(timeout=max(0.0, entry.ends_at - monotonic())):
            return
        with self._queueing:
            if not entry.leads and entry in self._waiting:
                self._waiting.remove(entry)
                entry.fail(StoreBusy(entry.deed, waited_seconds=self._busy_seconds))
                entry.tell()
                return
        # It was taken in already: its end is near, or who leads hangs, and nobody knows.
        entry.told.wait(timeout=max(0.0, entry.ends_at + self._busy_seconds - monotonic()))

    def _withdraw(self, entries: Sequence[Entry[Any]]) -> None:
        """Take back units that nobody sees through any more; another one leads instead of them."""
        with self._queueing:
            left = [entry for entry in entries if entry in self._waiting]
            for entry in left:
                self._waiting.remove(entry)
                entry.fail(StoreUnavailable(entry.deed))
                entry.tell()
            if any(entry.leads for entry in left):
                self._let_next_lead()

    def _commit_group(self, leader: Entry[Any]) -> None:
        group = [leader]
        is_committing = is_committed = False
        try:
            with self._to_write() as connection:
                self.kind.take_turn(connection, wait_seconds=leader.ends_at - monotonic())
                group = self._take_in()
                if len(group) == 1:
                    leader.run_alone(connection, self._failure)
                for entry in group if len(group) > 1 else ():
                    entry.run(connection, self._failure)
                if connection.in_transaction():
                    is_committing = True
                    connection.commit()
                    is_committed = True
                    if not self.kind.is_kept(connection):
                        raise StoreUnavailable("find its files where they were")
            self.last_write_failed = False
        except Exception as err:
            is_open = is_committed or (is_committing and is_end_unknown(err))
            (note_end_unknown if is_open else note)(err)
            self.last_write_failed = True
            self.failed_writes += 1
            for entry in group:
                entry.fail(_unknown(err, entry.deed) if is_open else self._failure(err, entry.deed))
        except BaseException as err:
            for entry in group:
                entry.fail(
                    _unknown(err, entry.deed) if is_committing else StoreUnavailable(entry.deed)
                )
            raise
        finally:
            for entry in group:
                entry.tell()

    @contextmanager
    def _to_write(self) -> Iterator[Connection]:
        """Give the connection that writes, to who leads; one that failed is thrown away.

        A COMMIT that fails may leave its transaction open.
        """
        with self._queueing:
            kept, self._kept = self._kept, None
        if kept is not None and not self.kind.may_go_on(kept):
            kept.invalidate()
            kept.close()
            kept = None
        connection = kept or self._writing.connect()
        try:
            yield connection
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        if self.kind.may_be_kept and not connection.in_transaction():
            with self._queueing:
                if not self._is_closed:
                    self._kept = connection
                    return
        connection.close()

    def _take_in(self) -> list[Entry[Any]]:
        """Return the units that wait, the leader's among them: it is the first."""
        with self._queueing:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]

    def _hand_over(self, leader: Entry[Any]) -> None:
        with self._queueing:
            if leader in self._waiting:  # it never got its turn
                self._waiting.remove(leader)
            self._let_next_lead()

    def _let_next_lead(self) -> None:
        """Let who waits longest lead, if anybody waits; the queue is held."""
        if not self._waiting:
            self._leader = None
            return
        self._leader = 0
        self._waiting[0].leads = True
        self._waiting[0].told.set()

    def _failure(self, err: Exception, deed: str) -> Exception:
        if not isinstance(err, SQLAlchemyError):
            return err
        return unavailable(err, deed, waited_seconds=self._busy_seconds)


def _unknown(err: BaseException, deed: str) -> StoreOutcomeUnknown:
    unknown = StoreOutcomeUnknown(deed)
    unknown.__cause__ = err
    return unknown
