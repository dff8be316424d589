"""Let a request through to its endpoint, or not: before its body is read."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature

from ebbtide.store.audit import record_deed
from service.access.credentials import KEY_HEADER
from service.access.scopes import DEMO, SCOPES, Caller, Scope
from service.desk import Desk, desk_of
from service.problems import Problem, ProblemError

__all__ = ["ADMITTED", "DEMO", "SCOPES", "Caller", "Needs", "Scope", "caller_of", "needs"]

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="Bearer",
    description="An API key made by `ebbtide keys create`, or a JWT if the service takes them.",
)
_HEADER = APIKeyHeader(
    auto_error=False,
    name=KEY_HEADER,
    scheme_name="ApiKey",
    description="The same API key, for systems that cannot send an Authorization header.",
)
_AUDITED = frozenset({"admin", "privacy"})
ADMITTED = "ebbtide.caller"
"""Under this name the scope of a request has the caller whom the fast way has let in already."""


class Needs:
    """The dependency of an endpoint that lets in only callers with a scope.

    Parameters
    ----------
    scope : what they must be allowed; None for whoever is known.
    """

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    async def __call__(
        self,
        request: Request,
        _bearer: Annotated[object, Security(_BEARER)],
        _header: Annotated[object, Security(_HEADER)],
    ) -> None:
        """Let a request through, and note who sent it; the two schemes only describe themselves."""
        desk = desk_of(request)
        caller = request.scope.get(ADMITTED) or await desk.gate.admit(request)
        if self.scope is not None and self.scope not in caller.scopes:
            if self.scope in _AUDITED:
                await run_in_threadpool(_record_refusal, request, desk, caller, self.scope)
            raise ProblemError(_not_allowed(self.scope))
        request.state.caller = caller


def needs(scope: Scope | None = None) -> Needs:
    """Return the dependency of an endpoint that lets in only callers with a scope."""
    return Needs(scope)


def caller_of(request: Request) -> Caller:
    """Return who sent a request that was let through."""
    caller: Caller = request.state.caller
    return caller


def _not_allowed(scope: Scope) -> Problem:
    return Problem(
        kind="not-allowed",
        detail=f"Expected a key with the scope {scope!r}, which this one lacks. Use another key, "
        f"or ask for one made with `ebbtide keys create --scope {scope}`.",
        headers={
            "WWW-Authenticate": f'Bearer realm="ebbtide", error="insufficient_scope", '
            f'scope="ebbtide:{scope}"'
        },
    )


def _record_refusal(request: Request, desk: Desk, caller: Caller, scope: Scope) -> None:
    route = getattr(request.scope.get("route"), "path", "")
    unit = partial(
        record_deed,
        at=desk.now(),
        actor=caller.name,
        deed="access.refused",
        subject=None,
        details={
            "key_id": caller.key_id,
            "scope": scope,
            "method": request.method,
            "route": route,
        },
    )
    desk.store.database.write(unit, deed="record the refusal")
