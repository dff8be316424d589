"""How many requests are under way at once; a body that is still coming is none yet.

A client that is slow to send its body takes no turn from others. What has come of all such bodies
is bounded by its bytes, since it waits in memory. Files of jobs go to disk and are bounded where
they are received. An answer that is sent in pieces may give its turn back when it is on its way.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message, Receive, Scope

MAX_RECEIVED_BYTES = 64 * 2**20
"""How many bytes of unfinished bodies may wait in memory."""

MAX_LONG_ANSWERS = 64
"""How many answers may be on their way without a turn; further ones keep theirs. Each holds two
pieces in memory, up to some megabytes."""

BUSY = Problem(
    kind="busy",
    detail="Too many requests are under way at once. Try again after Retry-After, send fewer at "
    "once, or send many customers in one.",
)
_TO_DISK = "/v1/jobs"
_VISIT = "ebbtide.visit"


class UnderWay:
    """Counts the requests of one event loop.

    Parameters
    ----------
    max_requests : how many may be under way.
    max_received_bytes : how much of unfinished bodies may wait.

    Examples
    --------
    >>> under_way = UnderWay(max_requests=1)
    >>> with under_way.visit({"path": "/v1/model", "headers": []}, None):
    ...     under_way.count, under_way.is_full
    (1, True)
    """

    def __init__(self, *, max_requests: int, max_received_bytes: int = MAX_RECEIVED_BYTES) -> None:
        self.max_requests = max_requests
        self.max_received_bytes = max_received_bytes
        self.count = 0
        self.long_answers = 0
        self.received_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether no further one may be under way."""
        return self.count >= self.max_requests

    @contextmanager
    def visit(self, scope: Scope, receive: Receive) -> Iterator[Receive]:
        """Count a request for as long as the block lasts; give how it is to receive.

        It counts from the beginning if it has no body, else from when its body has come. Then to
        receive raises ProblemError (503) where too many are under way, or too many bytes wait.
        """
        visit = _Visit(self, receive)
        if not _has_body(scope) or scope["path"] == _TO_DISK:
            visit.count()
            visit.receive = receive
        scope[_VISIT] = visit
        try:
            yield visit.receive
        finally:
            visit.end()


def give_turn_back(scope: Scope) -> None:
    """Count a request no more whose answer is on its way; it may be asked for again and again.

    Parameters
    ----------
    scope : of the request, as it came to the application.
    """
    visit: _Visit | None = scope.get(_VISIT)
    if visit is not None:
        visit.give_turn_back()


class _Visit:
    __slots__ = ("_counted", "_is_long", "_received_bytes", "_source", "_under_way", "receive")

    def __init__(self, under_way: UnderWay, source: Receive) -> None:
        self._under_way = under_way
        self._source = source
        self._counted = False
        self._is_long = False
        self._received_bytes = 0
        self.receive: Receive = self._counting

    def count(self) -> None:
        self._counted = True
        self._under_way.count += 1

    def give_turn_back(self) -> None:
        under_way = self._under_way
        if self._counted and not self._is_long and under_way.long_answers < MAX_LONG_ANSWERS:
            self._is_long = True
            under_way.long_answers += 1
            under_way.count -= 1

    def end(self) -> None:
        self._forget_bytes()
        self._under_way.count -= self._counted and not self._is_long
        self._under_way.long_answers -= self._is_long

    async def _counting(self) -> Message:
        message = await self._source()
        if self._counted or message["type"] != "http.request":
            return message
        if message.get("more_body", False):
            self._keep_bytes(len(message.get("body", b"")))
            return message
        self._forget_bytes()
        if self._under_way.is_full:
            raise ProblemError(BUSY)
        self.count()
        return message

    def _keep_bytes(self, count: int) -> None:
        if self._under_way.received_bytes + count > self._under_way.max_received_bytes:
            raise ProblemError(BUSY)
        self._received_bytes += count
        self._under_way.received_bytes += count

    def _forget_bytes(self) -> None:
        self._under_way.received_bytes -= self._received_bytes
        self._received_bytes = 0


def _has_body(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 ")):
            return True
    return False
