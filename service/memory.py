"""Memory of the process: few heaps, and what is free given back after large work.

Settings of the C library, nothing else: no value depends on them, and where it is another one
nothing happens.
"""

from __future__ import annotations

import ctypes
from functools import cache

_ARENA_MAX = -8
"""What glibc's ``mallopt`` calls the number of its heaps."""

HEAPS = 2
"""Enough that the event loop seldom waits for another thread that asks for memory."""


def share_heaps() -> bool:
    """Have all threads share a few heaps, and return whether that could be said.

    By itself the C library gives nearly every thread one of its own, and each keeps what its thread
    has needed at some time. Threads of Python take turns anyway.

    Examples
    --------
    >>> share_heaps() in (True, False)
    True
    """
    mallopt = getattr(_library(), "mallopt", None)
    return mallopt is not None and bool(mallopt(_ARENA_MAX, HEAPS))


def give_back_freed() -> bool:
    """Give the system what is free in the heaps, and return whether there was any.

    For after work that took much at once and is not done again soon: what it took is kept else, and
    counts as the service's own.

    Examples
    --------
    >>> give_back_freed() in (True, False)
    True
    """
    trim = getattr(_library(), "malloc_trim", None)
    return trim is not None and bool(trim(0))


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
