"""Read HTTP with a head of bounded size; a body is bounded where it is read.

The fast parser of uvicorn takes a head without end, and keeps it in memory.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""Largest first line and headers of a request; what is read at once may exceed it."""


class BoundedHead(HttpToolsProtocol):
    """The protocol of one connection; too large a head gets 400 and ends it."""

    _head_bytes = 0
    _is_in_head = True

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Count no more: what follows is the body."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._head_bytes += len(data) if self._is_in_head else 0
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"Expected a head of at most {MAX_HEAD_BYTES} bytes.")
