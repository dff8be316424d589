"""What can be allowed, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["score", "read", "record", "jobs", "watch", "privacy", "webhooks", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

ALLOWS: dict[Scope, str] = {
    "score": "score customers, and ask what if",
    "read": "look up, list and compare what was answered",
    "record": "send events, outcomes and assignments",
    "jobs": "score files",
    "watch": "read effects, monitoring and metrics",
    "privacy": "erase and export customers, set their preferences",
    "webhooks": "say who is told of what",
    "admin": "change the served model, read the audit log",
}
"""What each scope lets its holder do. Model, card, schema and actions need a key of any scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request.

    Parameters
    ----------
    name : of the key; ``jwt:`` and the subject of a token; at most 64 characters.
    scopes : what it may do.
    key_id : of the API key; None without one.
    rate_limit : of its own, such as ``6000/minute``; None for the service's.
    """

    name: str
    scopes: frozenset[str]
    key_id: str | None = None
    rate_limit: str | None = None


DEMO = Caller(name="demo", scopes=frozenset(SCOPES))
"""Who asks in demo mode."""
