"""Turns at something costly: so many at once, so many waiting, the others are sent away.

Those who wait hold a thread; were they not bounded, they would leave none for cheap requests.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAITING_PER_TURN = 4


class Turns:
    """Bounds how often something runs at once, and how many wait for it.

    Parameters
    ----------
    at_once : how many may run.
    wait_seconds : how long one waits for its turn; four may wait for each that runs.
    """

    def __init__(self, *, at_once: int, wait_seconds: float) -> None:
        self._running = threading.BoundedSemaphore(at_once)
        self._present = threading.BoundedSemaphore(at_once * (1 + _WAITING_PER_TURN))
        self._wait_seconds = wait_seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it.

        Raises
        ------
        ProblemError
            503 if too many wait already, or the wait was too long.
        """
        if not self._present.acquire(blocking=False):
            raise ProblemError(_BUSY)
        try:
            if not self._running.acquire(timeout=self._wait_seconds):
                raise ProblemError(_BUSY)
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._present.release()


_BUSY = Problem(
    kind="busy",
    detail="Too many computations from events run at once. Try again after Retry-After, send fewer "
    "at once, or send features.",
)
