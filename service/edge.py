"""The outermost layer: count, time and log each request, and let no error out unanswered.

What is logged of a request is method, route, status and time: no ids, no values, no addresses.
"""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders

from service.handlers import counted
from service.media_type import is_plain_json_wanted
from service.problems import MEDIA_TYPE, Problem
from service.refusal import Refusals
from service.under_way import BUSY

if TYPE_CHECKING:
    import asyncio

    from prometheus_client import Counter, Histogram
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.fast.way import Begun, FastWay
    from service.metrics import Metrics
    from service.refusal import Refusal
    from service.request_log import RequestLog
    from service.under_way import UnderWay

_LOG = structlog.get_logger("ebbtide.http")
_UNMATCHED = "unmatched"
_UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})
_OK, _FIRST_PROBLEM = 200, 400
_BEGAN = "ebbtide.began"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

UNEXPECTED = Problem(
    kind="internal",
    detail="Something went wrong in the service; the request itself may be fine. Try again, and "
    "tell the operator the time if it goes on.",
)
"""What is answered where nobody handled an error."""


class Edge:
    """ASGI application around everything else.

    Parameters
    ----------
    app : answers.
    metrics : counts.
    under_way : bounds how many requests are under way at once.
    fast : answers some requests before the app sees them.
    log : takes method, route, status and milliseconds of each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        under_way: UnderWay,
        fast: FastWay,
        log: RequestLog,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._under_way = under_way
        self._fast = fast
        self._log = log
        self._busy = Refusals(BUSY)
        self._counters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        metrics.in_flight.set_function(lambda: under_way.count)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer 500 for what nobody handled."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = scope.get(_BEGAN) or time.perf_counter()
        status = 0

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= _FIRST_PROBLEM:
                    message = _as_accepted(message, scope)
            await send(message)

        try:
            answer = self._fast.handler(scope)
            if answer is not None:
                status = await answer(scope, receive, noting_status, self._ordinarily) or status
            else:
                await self._ordinarily(scope, receive, noting_status)
        except Exception as err:
            _LOG.error("unexpected_error", error=type(err).__name__, at=place_of(err))
            if status == 0:
                await UNEXPECTED.response()(scope, receive, noting_status)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def may_begin(self, scope: Scope) -> bool:
        """Return whether a request is of those that :meth:`begin` is for."""
        return self._fast.may_begin(scope)

    def begin(self, scope: Scope, body: bytes, *, loop: asyncio.AbstractEventLoop) -> Begun | None:
        """Begin with a request whose body is there; None where that takes more.

        Either way the scope may be given to the application, which goes on with what was begun.
        """
        scope[_BEGAN] = time.perf_counter()
        try:
            return self._fast.begin(scope, body, loop=loop)
        except Exception as err:  # the application will meet it, too, and says so to the client
            _LOG.error("not_begun", error=type(err).__name__, at=place_of(err))
            return None

    def answered(self, scope: Scope) -> None:
        """Note that what was begun was answered, and forget the answer."""
        self._fast.forget(scope)
        self._note(scope, _OK, time.perf_counter() - scope[_BEGAN])

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return what a server may write at once where too many requests are under way; else None.

        It is counted and logged then, as if it had been answered here.
        """
        if not self._under_way.is_full or scope["path"] in _UNCOUNTED or scope["method"] == "HEAD":
            return None
        began = time.perf_counter()
        counted(BUSY, metrics=self._metrics)
        self._note(scope, BUSY.status, time.perf_counter() - began)
        return self._busy.of(scope)

    async def _ordinarily(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the app answer, unless too many requests are under way."""
        if scope["path"] in _UNCOUNTED:
            await self._app(scope, receive, send)
        elif self._under_way.is_full:
            await counted(BUSY, metrics=self._metrics).response()(scope, receive, send)
        else:
            with self._under_way.visit(scope, receive) as receiving:
                await self._app(scope, receiving, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        counters = self._counters.get((method, route, status))
        if counters is None:
            requests = self._metrics.requests.labels(method=method, route=route, status=str(status))
            counters = requests, self._metrics.seconds.labels(route=route)
            self._counters[method, route, status] = counters
        counters[0].inc()
        counters[1].observe(seconds)
        self._log(method, route, status, round(seconds * 1000, 1))


def _as_accepted(message: Message, scope: Scope) -> Message:
    """Send a problem as plain JSON to those who accept nothing else, whoever wrote it."""
    headers = MutableHeaders(raw=list(message.get("headers", ())))
    if headers.get("content-type") != MEDIA_TYPE:
        return message
    headers.add_vary_header("Accept")
    if is_plain_json_wanted(", ".join(Headers(scope=scope).getlist("accept")) or None):
        headers["Content-Type"] = "application/json"
    return {**message, "headers": headers.raw}


def place_of(err: Exception) -> str:
    """Return file and line of an error; its message may hold what a customer sent."""
    frames = traceback.extract_tb(err.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
