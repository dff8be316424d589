"""What goes wrong with a request, as problem details after RFC 9457.

A problem says what was expected, which kind of thing came and what to do. It never repeats what was
sent: neither values nor unknown names.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"

KINDS: dict[str, tuple[int, str]] = {
    "malformed-json": (400, "The body is not valid JSON"),
    "bad-request": (400, "The request cannot be understood"),
    "not-authenticated": (401, "A valid key is needed"),
    "not-allowed": (403, "The key does not allow this"),
    "not-found": (404, "There is nothing at this address"),
    "unknown-webhook": (404, "There is no webhook by this id"),
    "unknown-prediction": (404, "No such answer about this customer is in the log"),
    "unknown-action": (404, "There is no action by this code"),
    "unknown-customer": (404, "Nothing is stored for this customer"),
    "unknown-job": (404, "There is no such job"),
    "method-not-allowed": (405, "This address does not take this method"),
    "body-too-slow": (408, "The body did not arrive in time"),
    "outcome-too-early": (409, "The outcome window was not over"),
    "snapshot-incomplete": (409, "The stored snapshot does not fit the model"),
    "snapshot-differs": (409, "The features of the stored snapshot mean something else"),
    "catalogue-differs": (409, "The model was trained with another catalogue of features"),
    "job-not-done": (409, "The job has no results"),
    "promotion-refused": (409, "The registry's version may not be served"),
    "promotion-under-way": (409, "Another promotion is under way"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be JSON in UTF-8"),
    "unsupported-file-type": (415, "Files of this type are not read"),
    "idempotency-key-reused": (422, "The key belongs to another request"),
    "invalid-request": (422, "The request breaks its contract"),
    "file-unreadable": (422, "The file of the job cannot be read"),
    "too-many-jobs": (429, "Too many jobs are under way"),
    "too-many-requests": (429, "Too many requests came in too short a time"),
    "internal": (500, "The service failed"),
    "not-ready": (503, "No model is being served yet"),
    "store-unavailable": (503, "The answer could not be recorded"),
    "store-busy": (503, "The store was busy for too long"),
    "store-outcome-unknown": (503, "It is not known whether it was recorded"),
    "registry-unavailable": (503, "The registry did not do it"),
    "busy": (503, "Too much is being computed at once"),
}
"""Every kind of problem: its HTTP status and title. The type is ``urn:ebbtide:problem:<kind>``."""

REJECTS = (
    *("not-authenticated", "not-allowed", "too-many-requests", "busy"),
    *("body-too-large", "body-too-slow", "unsupported-media-type"),
)
"""Kinds of problems by which requests are turned away before any work is done."""

RETRY_AFTER_SECONDS = 2

NOT_TO_BE_REPEATED = ("store-outcome-unknown",)
"""Kinds of 503 without ``Retry-After``: many clients take it as leave to send all of it again, and
what may have been kept would be kept twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a body.

    Parameters
    ----------
    pointer : JSON pointer (RFC 6901) to it; made of known names and positions only.
    expected : what was expected there.
    got_kind : which kind of thing came, never the thing itself.
    fix : what to do.
    """

    pointer: str
    expected: str
    got_kind: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem of one of the kinds, with its faults if it is about a body.

    ``retry_after_seconds`` says when to try again; of most kinds of 503 it has a default.
    """

    kind: str
    detail: str
    errors: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after_seconds: int | None = None

    @property
    def status(self) -> int:
        """HTTP status."""
        return KINDS[self.kind][0]

    @property
    def _retry_after_seconds(self) -> int | None:
        is_passing = self.status == 503 and self.kind not in NOT_TO_BE_REPEATED
        default = RETRY_AFTER_SECONDS if is_passing else None
        return default if self.retry_after_seconds is None else self.retry_after_seconds

    def to_json(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        seconds = self._retry_after_seconds
        return {
            "type": f"urn:ebbtide:problem:{self.kind}",
            "title": KINDS[self.kind][1],
            "status": self.status,
            "detail": self.detail,
            "errors": [asdict(fault) for fault in self.errors],
            **({} if seconds is None else {"retry_after_seconds": seconds}),
        }

    def response(self) -> Response:
        """Return the problem as an HTTP response."""
        headers = dict(self.headers)
        if self._retry_after_seconds is not None:
            headers.setdefault("Retry-After", str(self._retry_after_seconds))
        return Response(
            json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers={"Content-Language": "en", **headers},
        )


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.kind)


def invalid(faults: list[Fault], *, more: int = 0) -> Problem:
    """Return the problem of a body with faults.

    Parameters
    ----------
    faults : what is wrong, at least one.
    more : how many further faults are left out.
    """
    count = len(faults) + more
    left_out = f"; the first {len(faults)} are listed" if more else ""
    return Problem(
        kind="invalid-request",
        detail=f"{count} thing(s) must be mended{left_out}. See errors for each.",
        errors=tuple(faults),
    )
