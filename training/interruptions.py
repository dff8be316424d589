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
    than the main one are never interrupted, and nothing happens in them; nor where Ctrl-C is
    ignored, as for what runs in the background, or means something else.

    Raises
    ------
    KeyboardInterrupt
        At the end, if somebody interrupted.

    Examples
    --------
    >>> with interruption_waits():
    ...     pass
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
