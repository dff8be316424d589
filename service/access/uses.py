"""Write down now and then which keys are in use, beside the requests: no caller waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.store import StoreUnavailable
from service.edge import place_of

if TYPE_CHECKING:
    from service.access.gate import Gate

_LOG = structlog.get_logger("ebbtide.access")
_PAUSE_SECONDS = 60.0


class KeyUses:
    """Writes in a thread of its own, and a last time when it ends.

    Parameters
    ----------
    gate : knows which keys were used.
    pause_seconds : between two times, seconds.
    """

    def __init__(self, gate: Gate, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._gate = gate
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="key-uses", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write a last time, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def note(self) -> None:
        """Write once.

        Raises
        ------
        StoreUnavailable
            If it cannot be written.
        """
        self._gate.note_uses()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stopping.wait(self._pause_seconds)
            try:
                self.note()
            except StoreUnavailable as err:
                _LOG.warning("key_use_not_noted", reason=type(err).__name__)
            except Exception as err:  # no error may end the thread
                _LOG.error("noting_failed", error=type(err).__name__, at=place_of(err))
