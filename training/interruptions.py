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
    """Have Ctrl-C wait until a thing is whole; it is raised then.

    A database that is being made would stay without half of its tables, and Python drops what is
    raised while it clears away objects, which is much of what SQLAlchemy does there. Other threads
    than the main one are never interrupted, and nothing happens in them.

    Raises
    ------
    KeyboardInterrupt
        At the end, if somebody interrupted.

    Examples
    --------
    >>> with interruption_waits():
    ...     pass
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if came:
        raise KeyboardInterrupt
