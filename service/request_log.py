"""A line of the log for each request: method, route, status and time, and nothing of customers."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_LOG = structlog.get_logger("ebbtide.http")
_DELAY_SECONDS = 0.05
_AT_ONCE = 200


class RequestLog(Protocol):
    """Takes a line for each request."""

    def __call__(self, method: str, route: str, status: int, ms: float) -> None:
        """Note a request that was answered.

        Parameters
        ----------
        method : of a known one, or ``other``.
        route : template of the address, not the address.
        status : HTTP status.
        ms : from the request's head to the end of the answer, milliseconds.
        """


def log_each(method: str, route: str, status: int, ms: float) -> None:
    """Write a line at once, in whatever form logs are configured."""
    _LOG.info("request", method=method, route=route, status=status, ms=ms)


class RequestLines:
    """Writes the lines of :func:`log_each` as JSON, some at a time: a tenth of the work.

    Lines wait for at most 50 ms; ``flush`` at the end writes the last ones.

    Parameters
    ----------
    stream : to write to.
    now : the present.

    Examples
    --------
    >>> import sys
    >>> lines = RequestLines(sys.stdout, now=lambda: datetime(2026, 3, 1, 9, tzinfo=UTC))
    >>> lines("GET", "/v1/model", 200, 0.4)
    >>> lines.flush()  # doctest: +ELLIPSIS
    {"method": "GET", "route": "/v1/model", "status": 200, "ms": 0.4, "event": "request", ...}
    """

    def __init__(
        self, stream: TextIO, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._stream = stream
        self._now = now
        self._lines: list[str] = []

    def __call__(self, method: str, route: str, status: int, ms: float) -> None:
        """Note a request; its line is written soon."""
        at = self._now().isoformat(timespec="microseconds")[:-6]
        self._lines.append(f'{_begun(method, route, status)}{ms}, {_END} "{at}Z"}}\n')
        if len(self._lines) >= _AT_ONCE:
            self.flush()
        elif len(self._lines) == 1:
            self._flush_soon()

    def flush(self) -> None:
        """Write what waits. Where that fails the lines are lost: no request is refused for them."""
        lines, self._lines = self._lines, []
        with suppress(OSError):
            self._stream.write("".join(lines))
            self._stream.flush()

    def _flush_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nothing would come back to it
            return
        loop.call_later(_DELAY_SECONDS, self.flush)


@lru_cache(maxsize=1024)
def _begun(method: str, route: str, status: int) -> str:
    fields = json.dumps({"method": method, "route": route, "status": status})
    return fields[:-1] + ', "ms": '


_END = '"event": "request", "level": "info", "timestamp":'
