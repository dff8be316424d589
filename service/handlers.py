"""Which error becomes which problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ebbtide.errors import BundleError, ContractError, NotReady
from ebbtide.store.store import StoreBusy, StoreUnavailable
from service.problems import Fault, Problem, ProblemError, invalid

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from service.metrics import Metrics

ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (StoreBusy, "store-busy"),
    (StoreUnavailable, "store-unavailable"),
    (NotReady, "not-ready"),
    (BundleError, "not-ready"),
    (ContractError, "invalid-request"),
)
"""Our own errors and the kind of problem that each becomes; the first that fits counts."""

_HTTP = {
    404: ("not-found", "Expected one of the addresses that /openapi.json lists. Check the path."),
    405: ("method-not-allowed", "Expected one of the methods of the Allow header. Use that."),
    408: ("body-too-slow", "The body did not arrive in time. Send it faster, or send less."),
    413: ("body-too-large", "The body is too large. Send fewer rows or events at once."),
    415: ("unsupported-media-type", "Send Content-Type: application/json, in UTF-8."),
    422: ("invalid-request", "Compare the request with /openapi.json."),
    503: ("busy", "Try again after Retry-After."),
}
"""Kind and detail of what the framework refuses by itself. Other statuses below 500 become
``bad-request``, the others ``internal``."""


_BAD_REQUEST = ("bad-request", "Expected a request as /openapi.json describes it. Mend it.")
_INTERNAL = ("internal", "Something went wrong in the service. Try again, and tell the operator.")

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_NOT_THIS_METHOD = 405


def install_handlers(app: FastAPI, *, metrics: Metrics) -> None:
    """Let every error of an app end in a problem document."""

    def handle(request: Request, err: Exception) -> Response:
        problem = problem_of(err)
        if problem.status == _NOT_THIS_METHOD:
            problem = replace(problem, headers={"Allow": ", ".join(methods_at(request))})
        metrics.problems.labels(kind=problem.kind).inc()
        return problem.response()

    for error in (ProblemError, HTTPException, RequestValidationError, *dict(ERRORS)):
        app.add_exception_handler(error, handle)


def methods_at(request: Request) -> list[str]:
    """Return the methods that an address takes, of all the routes that it has.

    The framework names those of the first route only.
    """
    routes = request.app.routes
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


def problem_of(err: Exception) -> Problem:
    """Return the problem that an error becomes."""
    if isinstance(err, ProblemError):
        return err.problem
    if isinstance(err, HTTPException):
        other = _BAD_REQUEST if err.status_code < 500 else _INTERNAL
        kind, detail = _HTTP.get(err.status_code, other)
        return Problem(kind=kind, detail=detail, headers=dict(err.headers or {}))
    if isinstance(err, RequestValidationError):
        return invalid([_fault(problem["loc"]) for problem in err.errors()])
    kind = next(kind for error, kind in ERRORS if isinstance(err, error))
    return Problem(kind=kind, detail=str(err))


def _fault(place: tuple[str | int, ...]) -> Fault:
    return Fault(
        pointer="/" + "/".join(str(part) for part in place[1:]),
        expected="what /openapi.json says",
        got_kind="something else",
        fix="Compare the request with the document.",
    )
