"""Which error becomes which problem."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ebbtide.errors import BundleError, ContractError, NotReady
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from service.problems import REJECTS, Fault, Problem, ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from service.metrics import Metrics

ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (StoreBusy, "store-busy"),
    (StoreOutcomeUnknown, "store-outcome-unknown"),
    (StoreUnavailable, "store-unavailable"),
    (NotReady, "not-ready"),
    (BundleError, "not-ready"),
    (ContractError, "invalid-request"),
)
"""Our own errors and the kind of problem that each becomes; the first that fits counts."""

EXPECTED: tuple[type[Exception], ...] = (ProblemError, *(error for error, _ in ERRORS))
"""Errors that become problems wherever they come from."""

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

_PARAMETERS = {
    "greater_than_equal": ("a number of {ge} or more", "number out of range"),
    "less_than_equal": ("a number of {le} or less", "number out of range"),
    "int_parsing": ("a whole number", "other text"),
    "int_parsing_size": ("a whole number", "number beyond range"),
    "literal_error": ("{expected}", "other text"),
    "bool_parsing": ("true or false", "other text"),
    "string_too_long": ("a text of at most {max_length} characters", "text too long"),
    "string_too_short": ("a text that is not empty", "empty text"),
}
"""What is wrong with a parameter of path or query, by pydantic's name: expected and got_kind."""

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_NOT_THIS_METHOD = 405


def install_handlers(app: FastAPI, *, metrics: Metrics) -> None:
    """Let every error of an app end in a problem document."""

    def handle(request: Request, err: Exception) -> Response:
        problem = problem_of(err)
        if problem.status == _NOT_THIS_METHOD:
            problem = replace(problem, headers={"Allow": ", ".join(methods_at(request))})
        return counted(problem, metrics=metrics).response()

    for error in (ProblemError, HTTPException, RequestValidationError, *dict(ERRORS)):
        app.add_exception_handler(error, handle)


def counted(problem: Problem, *, metrics: Metrics) -> Problem:
    """Count a problem that a request ends in, and return it."""
    metrics.problems.labels(kind=problem.kind).inc()
    if problem.kind in REJECTS:
        metrics.rejected.labels(reason=problem.kind).inc()
    return problem


def response_to(err: Exception, *, metrics: Metrics) -> Response:
    """Return the answer to a request that ends in one of the ``EXPECTED`` errors."""
    return counted(problem_of(err), metrics=metrics).response()


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
        return invalid([_fault(problem) for problem in err.errors()])
    kind = next(kind for error, kind in ERRORS if isinstance(err, error))
    return Problem(kind=kind, detail=str(err))


def _fault(found: Mapping[str, Any]) -> Fault:
    """Say what is wrong with a parameter; what is declared of it is no secret, its value is."""
    expected, got_kind = _PARAMETERS.get(
        found["type"], ("what /openapi.json says", "something else")
    )
    declared = {"ge": "", "le": "", "expected": "", "max_length": "", **found.get("ctx", {})}
    return Fault(
        pointer="/" + "/".join(str(part) for part in found["loc"][1:]),
        expected=expected.format(**declared),
        got_kind=got_kind,
        fix="Compare the request with /openapi.json.",
    )
