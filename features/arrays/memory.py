"""How memory is asked for: kept from one block of customers for the next, and in small pages.

Settings of the C library, numpy and Python, nothing else: no value depends on them, and where a
library is another one nothing happens.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy._core import multiarray

if TYPE_CHECKING:
    from collections.abc import Iterator

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
"""Bytes; of less than what comes from the heap, and two have room in a heap of a thread."""


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


@contextmanager
def small_pages() -> Iterator[None]:
    """Have numpy take memory from the system in small pages.

    It asks for huge ones, of 2 MB, which are cheaper where the system has them at hand. Mostly it
    has not: in a container on a virtual machine each of them is put together, or fetched from the
    host, and a snapshot's gigabyte costs a second or two. Small ones are there.

    Examples
    --------
    >>> with small_pages():
    ...     pass
    """
    choose = getattr(multiarray, "_set_madvise_hugepage", None)
    if choose is None:
        yield
        return
    before = choose(False)
    try:
        yield
    finally:
        choose(before)


@contextmanager
def no_collection() -> Iterator[None]:
    """Have Python look for no cycles of objects.

    Blocks of customers leave none. To look through all that is imported takes milliseconds for each
    block, in which all threads wait.

    Examples
    --------
    >>> with no_collection():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
