"""Interruptions wait where one would leave a thing half made."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def interruption_waits() -> Iterator[None]:
    """Have Ctrl-C wait until a thing is whole; it does then what it would have done.

    A database that is being made would stay without half of its tables, and Python drops what is
    raised while it clears away objects, which is much of what SQLAlchemy does there. Whoever
    handles Ctrl-C (Python itself, or a library like Spark) is told once, at the end, of however
    many came. Other threads than the main one are never interrupted, and nothing happens in them;
    nor where Ctrl-C is ignored, as for what runs in the background.

    Raises
    ------
    KeyboardInterrupt
        At the end, if somebody interrupted and nobody else handles it.

    Examples
    --------
    >>> with interruption_waits():
    ...     pass
    """
    is_main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGINT)
    if not is_main or usual is None or usual is signal.SIG_IGN:  # None: not for Python to put back
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)
