"""Write an answer into a connection at once: head and body together, and nothing checked twice.

An ASGI application sends head and body apart, and the server reads every header again. Here the
headers are the service's own, of a few kinds. Where anything is out of the ordinary nothing is
written, and the application sends as usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.bounded_answer import BoundedAnswer

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

WHOLE = "ebbtide.whole_answer"
"""Under this name the scope of a request may have what writes its answer."""


class WholeAnswers(BoundedAnswer):
    """The protocol of one connection, whose requests may be answered at once."""

    def on_headers_complete(self) -> None:
        """Offer to write the answer of the request that begins."""
        super().on_headers_complete()
        self.scope[WHOLE] = _Whole(self, self.cycle)  # type: ignore[literal-required]

    def connection_lost(self, exc: Exception | None) -> None:
        """Offer nothing more: the scope and the connection would hold each other."""
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop(WHOLE, None)  # type: ignore[misc]

    def _can_write_whole(self, cycle: RequestResponseCycle) -> bool:
        """Return whether a request is one whose answer may be written at once."""
        return (
            cycle.keep_alive
            and not cycle.response_started
            and not cycle.disconnected
            and not cycle.flow.write_paused
            and not cycle.transport.is_closing()
        )

    def _write_whole(
        self, cycle: RequestResponseCycle, head: bytes, content: bytes, *, status: int
    ) -> None:
        """Answer a request whose answer may be written at once.

        Parameters
        ----------
        cycle : the request.
        head : lines of headers, each with its end, but for the length.
        content : the body.
        status : of HTTP, one that has a body.
        """
        lines = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"content-length: %d\r\n" % len(content), head, b"\r\n", content)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join(lines))
        cycle.message_event.set()
        cycle.on_response()

    def _let_go(self, cycle: RequestResponseCycle) -> None:
        """End a request that has no task: as at the end of one, it holds its connection no more."""
        cycle.on_response = _nothing


class _Whole:
    """Writes the answer of one request."""

    __slots__ = ("_connection", "_cycle")

    def __init__(self, connection: WholeAnswers, cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = ref(cycle)  # it holds the scope that holds this

    def __call__(self, head: bytes, content: bytes) -> bool:
        """Answer 200; return whether that was done.

        Parameters
        ----------
        head : lines of headers, each with its end, but for the length.
        content : the body.
        """
        connection, cycle = self._connection, self._cycle()
        if cycle is None or not connection._can_write_whole(cycle):
            return False
        connection._write_whole(cycle, head, content, status=200)
        return True


def _nothing() -> None:
    """Stand for what has been called."""


def written_whole(scope: Scope, head: bytes, content: bytes) -> bool:
    """Write the answer of a request at once, where its server offers to; return whether it did.

    Parameters
    ----------
    scope : of the request.
    head : lines of headers, each with its end, but for the length.
    content : the body, of an answer with the status 200.

    Examples
    --------
    >>> written_whole({"type": "http"}, b"", b"{}")
    False
    """
    write = scope.get(WHOLE)
    return write is not None and write(head, content)
