"""End a request that takes too long as a whole, however steadily its answer trickles in.

The client's own time limits are for each read: who sends one byte every few seconds is never over
one of them, and would hold a worker, and outlast the lease of a delivery.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

_OPENED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Deadline:
    """Shuts the connection of a request when its time is over.

    Give :meth:`trace` to the request as its extension of that name, and send it within a ``with``.

    Parameters
    ----------
    seconds : from the beginning of the ``with``.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._stream: Any = None
        self._shutting = threading.Lock()
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Note the connection as soon as there is one."""
        if event not in _OPENED:
            return
        with self._shutting:
            self._stream = info["return_value"]
        if self.is_over:
            self._shut()

    def _shut(self) -> None:
        with self._shutting:
            self.is_over = True
            if self._stream is not None:
                with suppress(OSError):  # it is closed already
                    self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
