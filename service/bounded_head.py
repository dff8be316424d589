"""Read HTTP with a head of bounded size and time; a body is bounded where it is read.

The fast parser of uvicorn takes a head without end, and keeps it in memory; it takes requests ahead
of their turn without end, too; and uvicorn closes a connection that says nothing only between an
answer and the next byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.one_protocol import OneProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
    from uvicorn.config import Config
    from uvicorn.server import ServerState

MAX_HEAD_BYTES = 64 * 1024
"""Largest first line and headers of a request; what is read at once may exceed it."""


MAX_WAITING = 16
"""Most requests that wait on a connection for the one under way; each takes some kilobytes, and a
hundred fit into what is read at once."""


class BoundedHead(HttpToolsProtocol):
    """The protocol of one connection.

    Too large a head gets 400, too slow a one 408, and either ends the connection. So does silence
    from the beginning, or bytes after an answer that make no head. While an answer is under way no
    time runs: it is not lost because the next request is slow to come.

    Who sends more requests ahead than may wait gets the answers to those that do, the last one with
    ``Connection: close``. A client that sends ahead has to expect that (RFC 9112, 9.3.2). So does
    who sends something else than requests ahead: 400 would be taken for the answer to the first.
    """

    head_deadline_seconds = 10.0
    """How long a head may take, from the opening or from the first byte after an answer."""

    _head_bytes = 0
    _is_in_head = True
    _takes_no_more = False
    _deadline: asyncio.TimerHandle | None = None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.parser = OneProtocol(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._begin_to_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Count and wait no more: what follows is the body."""
        self._is_in_head = False
        if len(self.pipeline) >= MAX_WAITING:
            self.cycle.keep_alive = False
            self._takes_no_more = True
            raise _TooManyAheadError
        self._end_waiting()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._takes_no_more:
            return
        super().data_received(data)
        if self.transport.is_closing():
            return
        self._head_bytes += len(data) if self._is_in_head else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response(f"Expected a head of at most {MAX_HEAD_BYTES} bytes.")
        elif self._is_between_requests and self.timeout_keep_alive_task is None:
            # Any byte stops the timeout of an idle connection, even one that begins no head (an
            # empty line, the rest of a body that was refused): so any byte starts this one. Where a
            # request was answered while it was read, that timeout runs again.
            self._begin_to_wait()

    def send_400_response(self, msg: str) -> None:
        """Refuse what has come, after the answers that are under way: the last one ends it."""
        if self._takes_no_more or self.transport.is_closing():
            return
        if self._is_between_requests:
            super().send_400_response(msg)
            return
        self._takes_no_more = True
        self.cycle.keep_alive = False
        if self.cycle.more_body:
            self._refuse_body(msg)

    def _refuse_body(self, msg: str) -> None:
        """Answer the last request, whose body is malformed, when it is its turn."""
        if self.pipeline:
            self.pipeline[0] = (self.cycle, _malformed)
        elif not self.cycle.response_started:
            self.cycle.disconnected = True  # who waits for the rest of the body answers no more
            self.cycle.message_event.set()
            super().send_400_response(msg)

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _begin_to_wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_deadline_seconds, self._cut)

    def _end_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_in_head and self._head_bytes:
            headers = [*self.server_state.default_headers, (b"content-length", b"0")]
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self.transport.write(STATUS_LINE[408] + lines + b"connection: close\r\n\r\n")
        self.transport.close()


class _TooManyAheadError(Exception):
    """Has the parser stop, which knows no other way."""


async def _malformed(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    content = b"Invalid HTTP request received."
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})
