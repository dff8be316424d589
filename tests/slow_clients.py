"""Clients that take their time: heads and bodies byte by byte, answers never read."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_HEAD = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_HALF_HEAD = _HEAD + b"X-Slow: "
_BODY = _HEAD + b"Content-Length: 5000\r\n\r\n{"
_LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
KINDS = ("head", "body", "answer")
_ROUND_SECONDS, _STEPS = 0.5, 25
"""How often each sends a byte, and in how many steps they do."""


class SlowClients:
    """So many slow clients, a third of each kind; who is cut comes again.

    Parameters
    ----------
    address : of the service.
    count : how many.
    kinds : which, in turn.
    """

    def __init__(self, address: str, count: int, kinds: tuple[str, ...] = KINDS) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._address = (host, int(port))
        self._kinds = [kinds[number % len(kinds)] for number in range(count)]
        self._connections: list[socket.socket | None] = [None] * count
        self._ended = threading.Event()
        self._all_open = threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self.cut = 0

    def __enter__(self) -> SlowClients:
        self._thread.start()
        assert self._all_open.wait(60)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(30)
        for connection in self._connections:
            if connection is not None:
                connection.close()

    def _go_on(self) -> None:
        """Let each send a byte in turn, spread over the time: they know nothing of each other."""
        step = -(-len(self._kinds) // _STEPS)
        while not self._ended.is_set():
            for first in range(0, len(self._kinds), step):
                for number in range(first, min(first + step, len(self._kinds))):
                    self._drip(number, self._kinds[number])
                if self._ended.wait(_ROUND_SECONDS / _STEPS):
                    return
            self._all_open.set()

    def _drip(self, number: int, kind: str) -> None:
        connection = self._connections[number]
        try:
            if connection is None:
                self._connections[number] = self._opened(kind)
            elif kind != "answer":
                connection.send(b"X" if kind == "head" else b" ")
            elif _is_gone(connection):
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self.cut += 1
            if connection is not None:
                connection.close()
            self._connections[number] = None

    def _opened(self, kind: str) -> socket.socket:
        connection = socket.socket()
        if kind == "answer":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(self._address)
        connection.setblocking(False)
        began = {"head": _HALF_HEAD, "body": _BODY, "answer": _LARGE * 200}[kind]
        with contextlib.suppress(BlockingIOError):
            connection.send(began)
        return connection


def _is_gone(connection: socket.socket) -> bool:
    """Whether the other side has cut it, though what came is unread."""
    looking = select.poll()
    looking.register(connection, select.POLLERR | select.POLLHUP | select.POLLRDHUP)
    return bool(looking.poll(0))
