"""Settings of the process while blocks of customers are computed: of memory, and of threads.

Of the C library, numpy and Python, nothing else: no value depends on them, and where a library is
another one nothing happens.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy._core import multiarray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

_TOP_PAD, _TRIM_THRESHOLD, _MMAP_THRESHOLD = -2, -1, -3
"""What glibc's ``mallopt`` calls its settings."""
_SETTINGS = {
    # Freed memory at the end of the heap is kept, instead of being given back at once.
    _TRIM_THRESHOLD: 1 << 30,
    # Arrays come from the heap; those that do not are given back when they are freed.
    _MMAP_THRESHOLD: 32 << 20,
    # Threads have heaps of 64 MB each; an empty one is kept if there is less than this room.
    _TOP_PAD: 128 << 20,
}
_PIECE = 24 << 20
"""Bytes of arrays that are kept together: they still come from the heap, and a thread's heap has
room for two such pieces."""
_TURN_SECONDS = 0.0005
"""How long a thread may hold Python's lock while another waits for it."""


@cache
def keep_freed_memory() -> bool:
    """Have freed memory kept for what comes next, and return whether that could be said.

    Each block of customers makes a thousand arrays of a megabyte and throws them away. Given back,
    each page is cleared by the system when it is next touched, a quarter of all the work.

    Examples
    --------
    >>> keep_freed_memory() in (True, False)
    True
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(*setting) for setting in _SETTINGS.items())


def kept_arrays(count: int, *, n: int) -> list[NDArray[np.float64]]:
    """Return arrays of ``n`` doubles each, to be written into, in memory that is kept when freed.

    They come in pieces: in one piece they would be given back to the system, and one by one they
    would fill the gaps that the next block of customers needs for its own.

    Examples
    --------
    >>> [array.shape for array in kept_arrays(3, n=2)]
    [(2,), (2,), (2,)]
    """
    most = max(_PIECE // max(8 * n, 1), 1)
    arrays: list[NDArray[np.float64]] = []
    for start in range(0, count, most):
        arrays.extend(np.empty((min(most, count - start), n)))
    return arrays


class _Setting:
    """A setting of the process that holds while any thread has it hold; the last one restores it.

    Parameters
    ----------
    begin : makes it hold, and returns what restores what was before.
    """

    def __init__(self, begin: Callable[[], Callable[[], object]]) -> None:
        self._begin = begin
        self._lock = Lock()
        self._holders = 0
        self._restore: Callable[[], object] = _nothing

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have it hold."""
        with self._lock:
            if self._holders == 0:
                self._restore = self._begin()
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0:
                    self._restore()


def small_pages() -> AbstractContextManager[None]:
    """Have numpy take memory from the system in small pages.

    It asks for huge ones, of 2 MB, which are cheaper where the system has them at hand. Mostly it
    has not: in a container on a virtual machine each of them is put together, or fetched from the
    host, and a snapshot's gigabyte costs a second or two. Small ones are there.

    Examples
    --------
    >>> with small_pages():
    ...     pass
    """
    return _SMALL_PAGES.held()


def no_collection() -> AbstractContextManager[None]:
    """Have Python look for no cycles of objects.

    Blocks of customers leave none. To look through all that is imported takes milliseconds for each
    block, in which all threads wait.

    Examples
    --------
    >>> with no_collection():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    return _NO_COLLECTION.held()


def short_turns() -> AbstractContextManager[None]:
    """Let a thread that comes back from numpy wait for Python's lock less long than usual.

    Between two arrays a thread needs the lock for some microseconds; another that holds it gives
    it up after five milliseconds only, in which either could have computed several arrays.

    Examples
    --------
    >>> with short_turns():
    ...     sys.getswitchinterval() < 0.001
    True
    """
    return _SHORT_TURNS.held()


def _nothing() -> None:
    """Restore what was not changed."""


def _take_small_pages() -> Callable[[], object]:
    choose = getattr(multiarray, "_set_madvise_hugepage", None)
    return _nothing if choose is None else partial(choose, choose(False))


def _stop_collecting() -> Callable[[], object]:
    if not gc.isenabled():
        return _nothing
    gc.disable()
    return gc.enable


def _shorten_turns() -> Callable[[], object]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    return partial(sys.setswitchinterval, usual)


_SMALL_PAGES = _Setting(_take_small_pages)
_NO_COLLECTION = _Setting(_stop_collecting)
_SHORT_TURNS = _Setting(_shorten_turns)
