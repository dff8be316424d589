"""How often something may be asked for: a bucket for each who asks, in the memory of this process.

A bucket holds as many requests as the rate names, and fills up evenly over its period. One number
is kept for each: the moment at which it will be full again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
PATTERN = rf"^[1-9][0-9]{{0,8}}/({'|'.join(PERIODS)})$"
"""What the text of a rate looks like."""

_MOST_BUCKETS = 65_536
_SHARED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests in so much time.

    Parameters
    ----------
    requests : how many, all at once if need be.
    seconds : in which time as many may follow.
    """

    requests: int
    seconds: int

    @classmethod
    def of(cls, text: str) -> Rate:
        """Read a rate such as ``6000/minute``; its form was checked before.

        Examples
        --------
        >>> Rate.of("6000/minute")
        Rate(requests=6000, seconds=60)
        """
        requests, _, period = text.partition("/")
        return cls(requests=int(requests), seconds=PERIODS[period])


class Buckets:
    """A bucket for each who asks. Safe to use from many threads.

    Parameters
    ----------
    monotonic : the present, seconds since some moment.
    most : how many buckets are kept. Beyond that newcomers share one, until others are full again
        and forgotten: whoever comes under ever new names gains nothing by it.

    References
    ----------
    The generic cell rate algorithm, as a virtual scheduling algorithm: ITU-T I.371 (2004), annex A.

    Examples
    --------
    >>> buckets = Buckets(monotonic=lambda: 0.0)
    >>> [buckets.take("a", Rate(requests=2, seconds=60)) for _ in range(3)]
    [0.0, 0.0, 30.0]
    """

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, most: int = _MOST_BUCKETS
    ) -> None:
        self._monotonic = monotonic
        self._most = most
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, who: str, rate: Rate) -> float:
        """Take one out of a bucket; return 0, or how long to wait if it is empty, seconds."""
        with self._lock:
            name, full_at, wait_seconds = self._one_less(who, rate)
            if not wait_seconds:
                self._full_at[name] = full_at
            return wait_seconds

    def is_empty(self, who: str, rate: Rate) -> bool:
        """Return whether there is nothing to take out of a bucket."""
        with self._lock:
            return self._one_less(who, rate)[2] > 0

    def _one_less(self, who: str, rate: Rate) -> tuple[str, float, float]:
        """Return a bucket's name, when it is full with one less, and how long to wait for one."""
        now = self._monotonic()
        name = self._name_of(who, now)
        full_at = max(self._full_at.get(name, now), now) + rate.seconds / rate.requests
        wait_seconds = full_at - now - rate.seconds
        # A rounding error must not cost the last one of a bucket.
        return name, full_at, wait_seconds if wait_seconds > 1e-9 else 0.0

    def _name_of(self, who: str, now: float) -> str:
        if who in self._full_at or len(self._full_at) < self._most:
            return who
        self._full_at = {name: at for name, at in self._full_at.items() if at > now}
        return who if len(self._full_at) < self._most else _SHARED
