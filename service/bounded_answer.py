"""Cut connections whose answers are not taken; what waits to be taken is bounded in memory.

uvicorn writes an answer into the connection's buffer and takes the request for done: a client that
never reads would hold the buffer, and its connection, for as long as it likes.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from service.bounded_head import BoundedHead

if TYPE_CHECKING:
    import asyncio
    from collections.abc import MutableMapping, MutableSequence

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_UNREAD_BYTES = 128 * 2**20
"""How much of answers may wait in all connections together."""

MIN_BYTES_A_SECOND = 1024
"""A client that takes less than this is as good as one that takes nothing."""

SEND_BUFFER_BYTES = 256 * 1024
"""What the system may hold for a connection; it would take several megabytes by itself.

Linux doubles it, and asks for more only when a third of that is free: what a slow client takes
meanwhile is not seen here."""

_AT_ONCE = struct.pack("ii", 1, 0)


class BoundedAnswer(BoundedHead):
    """The protocol of one connection, which is cut when its answer is not taken in time.

    Time runs while more waits than a buffer's high-water mark, and after an answer is complete
    while any of it waits. Where all connections together hold too much, those that have waited
    longest are cut at once.
    """

    answer_deadline_seconds = 20.0
    """In each such time a client must take its share of ``MIN_BYTES_A_SECOND``."""

    max_unread_bytes = MAX_UNREAD_BYTES

    unread: MutableMapping[BoundedAnswer, int]
    """Connections of one server that are watched, the longest first, with what waited in each."""

    just_answered: MutableSequence[BoundedAnswer]
    """Connections of one server whose answer was handed to the system in this round of the loop."""

    _watch: asyncio.TimerHandle | None = None
    _held: tuple[RequestResponseCycle, ASGI3Application] | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Begin with a request only when the answer before it was taken.

        It would take a turn from others meanwhile, and its answer would wait, too.
        """
        if self.flow.write_paused:
            self._held = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Bound what the system holds of answers that are not taken."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def pause_writing(self) -> None:
        """Begin to watch: the buffer is full."""
        super().pause_writing()
        self._begin_to_watch()

    def resume_writing(self) -> None:
        """Watch no more, unless the rest of an answer is left to be taken."""
        super().resume_writing()
        self._end_watching()
        if self._held is not None:
            held, self._held = self._held, None
            self._start_asgi_task(*held)
        if self.cycle is not None and self.cycle.response_complete:
            self._begin_to_watch()

    def on_message_begin(self) -> None:
        """Trust a client that asks on, until its buffer is full."""
        super().on_message_begin()
        if not self.flow.write_paused:
            self._end_watching()

    def on_response_complete(self) -> None:
        """Begin to watch what is left to be taken, when the system was given all it takes.

        A loop may write at the end of its round only: a timer for each answer, and a look at all
        connections for each, would cost more than to answer.
        """
        super().on_response_complete()
        if self._watch is None and self.transport.get_write_buffer_size():
            self.just_answered.append(self)
            if len(self.just_answered) == 1:
                self.loop.call_soon(self._watch_who_was_answered)

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no more."""
        self._held = None
        super().connection_lost(exc)
        self._end_watching()

    def _watch_who_was_answered(self) -> None:
        answered = tuple(self.just_answered)
        self.just_answered.clear()
        for each in answered:
            if each.cycle.response_complete:
                each._begin_to_watch()

    def _begin_to_watch(self) -> None:
        waiting_bytes = self.transport.get_write_buffer_size()
        if self._watch is not None or not waiting_bytes:
            return
        self.unread[self] = waiting_bytes
        self._watch = self.loop.call_later(self.answer_deadline_seconds, self._look)
        while sum(each.waiting_bytes for each in self.unread) > self.max_unread_bytes:
            next(iter(self.unread)).cut()

    def _end_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
            del self.unread[self]

    @property
    def waiting_bytes(self) -> int:
        """How much of its answers is not taken yet."""
        return self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """End the connection with what waits in it, also in the system's own buffer."""
        self._end_watching()
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _look(self) -> None:
        before, now = self.unread[self], self.waiting_bytes
        if not now:
            self._end_watching()
        elif before - now < MIN_BYTES_A_SECOND * self.answer_deadline_seconds:
            self.cut()
        else:
            self.unread[self] = now
            self._watch = self.loop.call_later(self.answer_deadline_seconds, self._look)
