"""One thread that commits what an event loop hands in, so that the loop never waits for the disk.

What is handed in while a group is being committed is committed together next. Threads that call
``Database.write`` by themselves go on doing so: their units and these share groups.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from ebbtide.store.entry import Entry
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ebbtide.store.database import Database

T = TypeVar("T")

_AT_ONCE = 256  # units in one transaction
_GRACE_SECONDS = 0.25  # for the thread to tell by itself that its time has ended


class Writer:
    """Commits units in the order in which they came.

    Parameters
    ----------
    database : to write to.
    wait_seconds : how long a unit waits for its turn; after twice that nobody waits for it any
        more, whatever the disk does.
    """

    def __init__(self, database: Database, *, wait_seconds: float) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._queue: SimpleQueue[_Handed | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Begin to commit."""
        with self._starting:
            if self._thread is None and not self._is_stopped:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Take nothing more; return when all is committed that was handed in, or time is up."""
        with self._starting:
            thread, self._thread = self._thread, None
            self._is_stopped = True
            self._queue.put(None)
        if thread is not None:
            thread.join(2 * self._wait_seconds + _GRACE_SECONDS)

    def write_soon(
        self, unit: Callable[[Connection], T], *, deed: str = "keep the change"
    ) -> asyncio.Future[T]:
        """Hand in a unit from the running loop; return at once what will be known of it.

        The future returns or raises what ``Database.write`` would, and not before the commit; and
        ``StoreOutcomeUnknown`` where the unit was begun, but nothing is known of its end when
        nobody waits any more. Who does not wait for it any more undoes nothing.

        Parameters
        ----------
        unit : as for ``Database.write``; the thread runs it.
        deed : what it does, for the message of an error: "The store could not ...".

        Raises
        ------
        StoreUnavailable
            If the writer was stopped.
        """
        if self._is_stopped:
            raise StoreUnavailable(deed)
        if self._thread is None:
            self.start()
        loop = asyncio.get_running_loop()
        entry: Entry[T] = Entry(unit, deed, ends_at=monotonic() + self._wait_seconds)
        handed = _Handed(entry, loop)
        handed.timer = loop.call_later(
            self._wait_seconds + _GRACE_SECONDS, handed.withdraw, self._wait_seconds
        )
        self._queue.put(handed)
        return handed.future

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            group = [self._queue.get()]
            with suppress(Empty):
                while len(group) < _AT_ONCE:
                    group.append(self._queue.get_nowait())
            is_ending = None in group
            taken = [handed for handed in group if handed is not None and handed.claim()]
            if taken:
                self._commit(taken)

    def _commit(self, taken: list[_Handed]) -> None:
        with suppress(BaseException):  # the thread goes on, whatever it was; each entry knows
            self._database.write_all([handed.entry for handed in taken])
        for loop in {handed.loop for handed in taken}:
            with suppress(RuntimeError):  # a loop that was closed waits for nothing
                loop.call_soon_threadsafe(_tell, [each for each in taken if each.loop is loop])


class _Handed:
    """A unit on its way, and who waits for it. The thread claims it, or its time ends first."""

    __slots__ = ("_claimed", "entry", "future", "loop", "timer")

    def __init__(self, entry: Entry[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.entry = entry
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self._claimed = threading.Lock()

    def claim(self) -> bool:
        """Return whether nobody has claimed it before."""
        return self._claimed.acquire(blocking=False)

    def withdraw(self, waited_seconds: float) -> None:
        """Give it up if it was not begun; if it was, wait once more, and then no longer.

        It may still be committed then: nothing stops a disk in the middle of its work.
        """
        if self.claim():
            self._fail(StoreBusy(self.entry.deed, waited_seconds=waited_seconds))
        else:
            late = StoreOutcomeUnknown(self.entry.deed)
            self.timer = self.loop.call_later(waited_seconds, self._fail, late)

    def tell(self) -> None:
        """Say what became of it."""
        if self.timer is not None:
            self.timer.cancel()
        if self.future.done():
            return
        try:
            self.future.set_result(self.entry.result())
        except Exception as err:
            self.future.set_exception(err)
        except BaseException:
            self.future.set_exception(StoreUnavailable(self.entry.deed))

    def _fail(self, err: StoreUnavailable) -> None:
        if not self.future.done():
            self.future.set_exception(err)


def _tell(taken: list[_Handed]) -> None:
    for handed in taken:
        handed.tell()
