"""What an error of the database means for who asked: try again later, or look at the database.

What databases say holds what was to be written. Only the name of an error is passed on and logged.
"""

from __future__ import annotations

import logging
import threading
from time import monotonic

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from ebbtide.store.store import StoreBusy, StoreUnavailable

_LOG = logging.getLogger("ebbtide.store")
_BUSY_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED")
_BUSY_STATES = {
    "40001": "two changes of the same rows at once",
    "40P01": "two that waited for each other",
    "53300": "too many connections",
    "55P03": "a lock that was not given in time",
    "57014": "a statement that took too long",
}
"""Of PostgreSQL: what passes when it is tried again."""

_END_UNKNOWN = (
    *("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_IOERR_SHM"),
    *("08", "40003", "57P"),
)
"""Of a commit: of SQLite what fails when all is written, such as the sync; of PostgreSQL that the
connection failed, that it does not know either, or that it was shut down."""


def unavailable(err: SQLAlchemyError, deed: str, *, waited_seconds: float) -> StoreUnavailable:
    """Return the error that is raised for an error of the database.

    Parameters
    ----------
    err : of the database or of the way to it.
    deed : what was asked for: "The store could not ...".
    waited_seconds : how long who writes waits for others.
    """
    name = error_name(err)
    is_busy = isinstance(err, TimeoutError) or name.startswith(_BUSY_NAMES) or name in _BUSY_STATES
    failure = StoreBusy(deed, waited_seconds=waited_seconds) if is_busy else StoreUnavailable(deed)
    failure.__cause__ = err
    return failure


def is_end_unknown(err: Exception) -> bool:
    """Whether an error during a commit leaves open if the commit was done.

    A database that refuses it says why, and has undone it: that alone is known. One that is cut off
    says nothing, a disk that fails to sync may have written all the same, and what is no error of
    the database may have come before the commit or behind it.

    Parameters
    ----------
    err : what ``commit`` raised.

    Examples
    --------
    >>> import sqlite3
    >>> refused, failed = (sqlite3.OperationalError("...") for _ in range(2))
    >>> refused.sqlite_errorname, failed.sqlite_errorname = "SQLITE_FULL", "SQLITE_IOERR_FSYNC"
    >>> [is_end_unknown(DBAPIError("COMMIT", None, each)) for each in (refused, failed)]
    [False, True]
    >>> is_end_unknown(OSError("the disk does not answer"))
    True
    """
    if not isinstance(err, DBAPIError):
        return True
    name = error_name(err)
    is_refused = name.startswith("SQLITE_") or getattr(err.orig, "sqlstate", None) is not None
    return not is_refused or name.startswith(_END_UNKNOWN)


def note_end_unknown(err: BaseException) -> None:
    """Log the name of an error that leaves open what became of a commit, whatever it is."""
    _LOG.warning("store failed during a commit, its end is unknown: error=%s", error_name(err))


class Tally:
    """Says when an error is to be told again: at once at first, then with a count once in a time.

    A store that is away fails every request, thousands a second.

    Parameters
    ----------
    seconds : how long nothing is told of an error after it was.

    Examples
    --------
    >>> tally = Tally(seconds=1.0)
    >>> [tally.count("SQLITE_FULL", now=now) for now in (0.0, 0.5, 0.9, 1.0, 1.5, 9.0)]
    [1, 0, 0, 3, 0, 2]
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._told: dict[str, tuple[float, int]] = {}  # until when it is silent, how many since
        self._lock = threading.Lock()

    def count(self, name: str, *, now: float) -> int:
        """Count an error; return how many are to be told of by now, 0 if it is too soon.

        Parameters
        ----------
        name : of the error.
        now : a monotonic clock, seconds.
        """
        with self._lock:
            silent_until, untold = self._told.get(name, (now, 0))
            if now < silent_until:
                self._told[name] = (silent_until, untold + 1)
                return 0
            self._told[name] = (now + self._seconds, 0)
            return untold + 1


_TALLY = Tally(seconds=1.0)


def note(err: Exception) -> None:
    """Log the name of an error, if it is one of the database; the same once a second, counted."""
    if isinstance(err, SQLAlchemyError | StoreUnavailable):
        name = error_name(err)
        times = _TALLY.count(name, now=monotonic())
        if times:
            _LOG.warning("store failed: error=%s times=%d", name, times)


def error_name(err: BaseException) -> str:
    """Return what an error is called: by SQLite, by the SQL standard, or by its class.

    Examples
    --------
    >>> error_name(TimeoutError("no connection was free"))
    'TimeoutError'
    """
    original = err.orig if isinstance(err, DBAPIError) else None
    for attribute in ("sqlite_errorname", "sqlstate"):
        name = getattr(original, attribute, None)
        if isinstance(name, str):
            return name
    return type(original or err).__name__
