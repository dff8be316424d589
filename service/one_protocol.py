"""Parse requests of one protocol: one that asks for another is read like any other.

A server may ignore ``Upgrade`` (RFC 9110, 7.8). The parser beneath cannot: after such a head it
takes the body for the other protocol, and what comes later for a further request, which would let
who fills a body send requests in the name of others.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

from httptools import HttpParserUpgrade, HttpRequestParser

if TYPE_CHECKING:
    from array import array

_FRAMING = (b"content-length", b"transfer-encoding")


class Listener(Protocol):
    """Hears of requests as they are read; it holds the parser that it listens to."""

    parser: HttpRequestParser
    headers: list[tuple[bytes, bytes]]

    def on_message_begin(self) -> None:
        """Hear that a request begins."""

    def on_url(self, url: bytes) -> None:
        """Hear a part of its address."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Hear one header."""

    def on_headers_complete(self) -> None:
        """Hear that the head is whole."""

    def on_body(self, body: bytes) -> None:
        """Hear a part of the body."""

    def on_message_complete(self) -> None:
        """Hear that the request is whole."""


class OneProtocol(HttpRequestParser):
    """The parser of one connection.

    A request with ``Upgrade``, or ``CONNECT``, has the body that its head says, and is the last:
    what follows it is passed over, because its sender may mean it in the other protocol.

    Parameters
    ----------
    listener : hears of all that is read.
    """

    def __init__(self, listener: Listener) -> None:
        super().__init__(
            SimpleNamespace(
                on_message_begin=listener.on_message_begin,
                on_url=listener.on_url,
                on_header=listener.on_header,
                on_headers_complete=listener.on_headers_complete,
                on_body=listener.on_body,
                on_message_complete=partial(_end, listener),
            )
        )
        self._listener = listener
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets its own

    def should_keep_alive(self) -> bool:
        """Return whether a further request may follow."""
        return super().should_keep_alive() and not self.should_upgrade()

    def feed_data(self, data: bytes | bytearray | memoryview[int] | array[int]) -> None:
        """Take what has come."""
        try:
            super().feed_data(data)
        except HttpParserUpgrade as upgrade:
            rest = memoryview(data)[upgrade.args[0] :]
        else:
            return
        self._begin_body()
        super().feed_data(rest)

    def _begin_body(self) -> None:
        """Begin anew, after a head of which only the lines are left that say where a body ends."""
        heard = self._listener
        lines = [b"POST / HTTP/1.1\r\nConnection: close\r\n"]
        lines += (b"%b: %b\r\n" % header for header in heard.headers if header[0] in _FRAMING)
        super().__init__(
            SimpleNamespace(on_body=heard.on_body, on_message_complete=heard.on_message_complete)
        )
        # After a request with "close" it passes over all that comes, and says nothing of it.
        self.set_dangerous_leniencies(lenient_data_after_close=True)
        super().feed_data(b"".join((*lines, b"\r\n")))


def _end(listener: Listener) -> None:
    if not listener.parser.should_upgrade():  # else only the head was read
        listener.on_message_complete()
