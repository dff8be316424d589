"""A target: what is fed with bytes, what it may raise, and how long it may take.

It knows nothing of who makes the bytes: atheris does, or a test.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SECONDS = 2.0
"""CPU time that one input may take; a request of this size has no right to more."""


class TooSlow(Exception):
    """An input took longer than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One way in.

    Parameters
    ----------
    feed : takes an input; whatever it raises besides ``expected`` is a finding.
    seeds : inputs to begin with.
    expected : errors that are an answer.
    words : what an input may be put together from.
    max_bytes : longest input.
    """

    feed: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    expected: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()
    max_bytes: int = 4096

    def run(self, data: bytes) -> None:
        """Feed an input, and raise what must not be.

        Raises
        ------
        TooSlow
            If it took too long.
        """
        began = time.thread_time()
        try:
            self.feed(data)
        except self.expected:
            pass
        except RecursionError as err:
            raise AssertionError("an input made the stack overflow") from err
        if time.thread_time() - began > MOST_SECONDS:
            raise TooSlow(f"{len(data)} bytes took {time.thread_time() - began:.1f} s")
