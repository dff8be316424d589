"""The outermost layer: count, time and log each request, and let no error out unanswered.

What is logged of a request is method, route, status and time: no ids, no values, no addresses.
"""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders

from service.media_type import is_plain_json_wanted
from service.problems import MEDIA_TYPE, Problem
from service.under_way import BUSY, UnderWay

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.metrics import Metrics

_LOG = structlog.get_logger("ebbtide.http")
_UNMATCHED = "unmatched"
_UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Edge:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_requests: int) -> None:
        self._app = app
        self._metrics = metrics
        self._under_way = UnderWay(max_requests=max_requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer 500 for what nobody handled."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = _as_accepted(message, scope)
            await send(message)

        is_counted = scope["path"] not in _UNCOUNTED
        try:
            if not is_counted:
                await self._app(scope, receive, noting_status)
            elif self._under_way.is_full:
                self._metrics.problems.labels(kind=BUSY.kind).inc()
                await BUSY.response()(scope, receive, noting_status)
            else:
                with self._under_way.visit(scope, receive) as receiving:
                    await self._app(scope, receiving, noting_status)
        except Exception as err:
            _LOG.error("unexpected_error", error=type(err).__name__, at=place_of(err))
            if status == 0:
                problem = Problem(
                    kind="internal",
                    detail="Something went wrong in the service; the request itself may be fine. "
                    "Try again, and tell the operator the time if it goes on.",
                )
                await problem.response()(scope, receive, noting_status)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method=method, route=route, status=str(status)).inc()
        self._metrics.seconds.labels(route=route).observe(seconds)
        _LOG.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


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
