"""Work on the parts of something by a few threads, and get results in the order of the parts."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ebbtide.scorer.compiled.threads import most_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Part = TypeVar("Part")
Result = TypeVar("Result")

_MOST_THREADS = 4
"""More do not help: much of the work holds Python's lock."""


def in_turn(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Yield the result of each part, in order, while the next ones are worked on.

    Only a few parts are held at a time: the next one is taken when a result is yielded.

    Parameters
    ----------
    work : what to do with a part; mostly work that gives up Python's lock, as numpy does.
    parts : what to work on; taken one by one, by the caller's thread.

    Examples
    --------
    >>> list(in_turn(lambda part: part * 2, [1, 2, 3]))
    [2, 4, 6]
    """
    threads = min(most_threads(), _MOST_THREADS)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for part in parts:
                waiting.append(pool.submit(work, part))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
