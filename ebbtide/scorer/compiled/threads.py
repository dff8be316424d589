"""Rows in parts, on as many threads as there are processors to run them.

Compiled code gives up Python's lock. A row has the same bits whatever part it comes in, so that the
number of threads changes nothing but the time.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_THREADS = 16
_BLOCK = 64


def most_threads() -> int:
    """Return how many threads may work: ``OMP_NUM_THREADS``, else the processors there are."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(int(told) if told.isdigit() and int(told) else allowed or 1, _MOST_THREADS)


def in_parts(rows: int, work: Callable[[int, int], None], *, least_rows: int) -> None:
    """Call ``work`` with where each part begins and ends.

    Parameters
    ----------
    rows : how many there are.
    work : computes a part; its parts must not touch what others write.
    least_rows : fewest rows for which another thread pays.

    Examples
    --------
    >>> in_parts(3, lambda begin, end: print(begin, end), least_rows=100)
    0 3
    """
    wanted = rows // least_rows
    threads = min(most_threads(), wanted) if wanted > 1 else 1
    if threads < 2:
        work(0, rows)
        return
    size = -(-rows // threads // _BLOCK) * _BLOCK
    begins = range(0, rows, size)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        parts = [pool.submit(work, begin, min(begin + size, rows)) for begin in begins]
        for part in parts:
            part.result()
