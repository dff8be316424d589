"""One database: read it, and write to it in groups.

Who writes hands in a unit, a function of a connection. Units that wait at the same time are
committed together: the disk is waited for once, not once each (group commit). Each unit runs in a
savepoint of its own, so that one that fails undoes only itself.

SQLite runs in WAL mode with ``synchronous=FULL``: what is committed survives a crash of the
machine.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from ebbtide.errors import SettingsError
from ebbtide.store.store import StoreBusy, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine, Table

T = TypeVar("T")

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
BUSY_SECONDS = 5.0
_LOCKED = "database is locked"
_AT_ONCE = 256  # units in one transaction
_CONNECTIONS = 16
_MORE_CONNECTIONS = 48
_WRITES = "ebbtide_writes"


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Open the database of a URL; tables are not touched.

    Parameters
    ----------
    url : of a SQLite file or a PostgreSQL database.
    busy_seconds : how long to wait for others who write, seconds; then ``StoreBusy`` is raised.

    Raises
    ------
    SettingsError
        If the URL is none, or of a database that is not supported.
    StoreUnavailable
        If the folder of the file cannot be made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in _INSERT:
            raise SettingsError(
                f"Expected a database URL of {' or '.join(sorted(_INSERT))}, got one of "
                f"{parsed.get_backend_name()!r}; change [stores] database_url."
            )
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            parsed,
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=busy_seconds,
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as err:
        raise SettingsError(
            "Expected a database URL such as sqlite:////var/lib/ebbtide/store.db; the configured "
            "one cannot be used. Check [stores] database_url and that its driver is installed."
        ) from err
    except OSError as err:
        raise StoreUnavailable("be opened") from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_make_durable, busy_seconds=busy_seconds))
        event.listen(engine, "begin", _begin)
    return Database(engine, busy_seconds=busy_seconds)


class Database:
    """Reads at once, writes in groups; safe to use from many threads.

    Parameters
    ----------
    engine : the connections.
    busy_seconds : how long a unit waits for its turn, seconds.
    """

    def __init__(self, engine: Engine, *, busy_seconds: float) -> None:
        self.engine = engine
        self._busy_seconds = busy_seconds
        self._waiting: deque[_Entry[Any]] = deque()
        self._queueing = threading.Lock()
        self._leading = threading.Lock()

    def write(self, unit: Callable[[Connection], T], *, deed: str = "keep the change") -> T:
        """Run a unit in a transaction, and return what it returned when that is committed.

        Whoever comes first commits for all who wait. A unit may be run by another thread, must be
        quick, and must not call ``write`` itself.

        Parameters
        ----------
        unit : writes through the connection that it is given; what it raises undoes only its part.
        deed : what it does, for the message of an error: "The store could not ...".

        Raises
        ------
        StoreBusy
            If it did not get its turn in time; nothing was written.
        StoreUnavailable
            If the database failed; nothing was written.
        """
        entry = _Entry(unit, deed)
        with self._queueing:
            self._waiting.append(entry)
        ends_at = monotonic() + self._busy_seconds
        while not entry.is_done:
            if not self._leading.acquire(timeout=max(0.0, ends_at - monotonic())):
                self._withdraw(entry)
                ends_at = monotonic() + self._busy_seconds  # taken already: its end is near
                continue
            try:
                if not entry.is_done:
                    self._commit_waiting()
            finally:
                self._leading.release()
        return entry.result()

    @contextmanager
    def read(self, deed: str = "be read") -> Iterator[Connection]:
        """Give a connection for reading; all that is read through it is of one moment.

        Raises
        ------
        StoreUnavailable
            If the database failed.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as err:
            raise self._translated(err, deed) from err

    def insert(self, table: Table) -> Any:
        """Return an insert of this database's dialect, which knows ``on_conflict_do_...``."""
        return _INSERT[self.engine.dialect.name](table)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _withdraw(self, entry: _Entry[Any]) -> None:
        """Take a unit back that nobody has begun; raise if it was still there."""
        with self._queueing:
            if entry not in self._waiting:
                return
            self._waiting.remove(entry)
        raise StoreBusy(entry.deed, waited_seconds=self._busy_seconds)

    def _commit_waiting(self) -> None:
        with self._queueing:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
        try:
            writing = self.engine.execution_options(**{_WRITES: True})
            with writing.begin() as connection:
                for entry in group:
                    entry.run(connection)
            for entry in group:
                entry.is_done = True
        except BaseException as err:
            for entry in group:
                entry.fail(self._failure(err, entry.deed))
            if not isinstance(err, Exception):
                raise

    def _failure(self, err: BaseException, deed: str) -> BaseException:
        if not isinstance(err, SQLAlchemyError):
            return err
        failure = self._translated(err, deed)
        failure.__cause__ = err
        return failure

    def _translated(self, err: SQLAlchemyError, deed: str) -> StoreUnavailable:
        if _LOCKED in str(getattr(err, "orig", "")):
            return StoreBusy(deed, waited_seconds=self._busy_seconds)
        return StoreUnavailable(deed)


class _Entry(Generic[T]):
    """A unit that waits, and what became of it."""

    def __init__(self, unit: Callable[[Connection], T], deed: str) -> None:
        self._unit = unit
        self.deed = deed
        self.is_done = False
        self._returned: Any = None
        self._raised: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Run the unit in a savepoint; only an error of the whole database gets out."""
        try:
            with connection.begin_nested():
                self._returned = self._unit(connection)
        except (OperationalError, InterfaceError):
            raise  # the transaction may be gone with it, and the units before
        except SQLAlchemyError as err:
            self._raised = StoreUnavailable(self.deed)
            self._raised.__cause__ = err
        except Exception as err:
            self._raised = err

    def fail(self, err: BaseException) -> None:
        self._raised = err
        self.is_done = True

    def result(self) -> T:
        if self._raised is not None:
            raise self._raised
        returned: T = self._returned
        return returned


def _begin(connection: Connection) -> None:
    """Begin a transaction of SQLite; one that writes takes its place before it reads."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_durable(connection: Any, _record: Any, *, busy_seconds: float) -> None:
    connection.isolation_level = None  # the driver would begin and end transactions by itself
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {int(busy_seconds * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
