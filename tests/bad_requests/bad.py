"""One bad request: what is sent, and the exact answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bad_requests.bodies import JSON
from service.problems import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

FAULTY = "1 thing(s) must be mended. See errors for each."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A bad request.

    Parameters
    ----------
    route : method and path as the OpenAPI document has them; ``*`` is any JSON body.
    what : what is wrong with it.
    target : path and query as sent, where they are not those of the route.
    body : as sent; what is no bytes is written as JSON.
    headers : as sent.
    kind : of the problem.
    detail : of the problem.
    fault : pointer, expected and got_kind of the one fault, if there is one.
    told_in : ``answer``; ``row``, where others of the same request are fine; ``job``, when its
        file was read.
    """

    route: str
    what: str
    target: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "invalid-request"
    detail: str = FAULTY
    fault: tuple[str, str, str] | None = None
    told_in: str = "answer"

    @property
    def status(self) -> int:
        """HTTP status of the problem."""
        return KINDS[self.kind][0]

    @property
    def method(self) -> str:
        """HTTP method."""
        return self.route.split()[0]

    @property
    def path(self) -> str:
        """Path and query as sent."""
        return self.target or self.route.split()[1]

    @property
    def content(self) -> bytes | None:
        """The body as sent."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()

    def __str__(self) -> str:
        return f"{self.route} {self.what}"


def faults(route, *rows, told_in="answer") -> list[Bad]:
    """Return bad bodies in JSON: what, body, pointer, expected, got_kind."""
    return [
        Bad(
            route=route,
            what=what,
            body=json.dumps(body).encode(),
            headers=JSON,
            fault=(pointer, expected, got),
            told_in=told_in,
        )
        for what, body, pointer, expected, got in rows
    ]


def asked(route, *rows) -> list[Bad]:
    """Return bad paths and queries: what, target, pointer, expected, got_kind."""
    return [
        Bad(route=route, what=what, target=target, fault=(pointer, expected, got))
        for what, target, pointer, expected, got in rows
    ]


def sent_to(route, *rows, told_in="answer") -> list[Bad]:
    """Return requests with a fault: what, target, headers, body, pointer, expected, got_kind."""
    return [
        Bad(
            route=route,
            what=what,
            target=target,
            headers=headers,
            body=body,
            fault=(pointer, expected, got),
            told_in=told_in,
        )
        for what, target, headers, body, pointer, expected, got in rows
    ]


def refused(route, *rows, told_in="answer") -> list[Bad]:
    """Return requests that are refused as a whole: what, target, headers, body, kind, detail."""
    return [
        Bad(
            route=route,
            what=what,
            target=target,
            headers=headers,
            body=body,
            kind=kind,
            detail=detail,
            told_in=told_in,
        )
        for what, target, headers, body, kind, detail in rows
    ]
