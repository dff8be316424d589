"""What can go wrong between a program and the service, sorted by what to do about it.

::

    ServiceError
    ├── Unreachable          no answer came: look at address, network and time limits
    ├── UnreadableAnswer     an answer came that this version does not know: update the client
    └── Refused              the service says what is wrong; ``problem`` holds it
        ├── InvalidRequest   400, 408, 413, 415, 422: mend the request
        ├── NotAllowed       401, 403: look at key and scopes
        ├── NotFound         404, 405, 410: there is no such customer, job or address
        ├── Conflicting      409: it contradicts what is stored
        ├── TooMany          429: send less, or wait
        └── Unavailable      500 and above: wait, or tell the operator
"""

from __future__ import annotations

from dataclasses import dataclass

from ebbtide.errors import EbbtideError

_PREFIX = "urn:ebbtide:problem:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request; ``pointer`` says where (RFC 6901)."""

    pointer: str
    expected: str
    got_kind: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What the service says of a request, or of one row of it, that it cannot answer.

    Parameters
    ----------
    kind : such as ``invalid-request``; ``docs/api.md`` lists them.
    title : the kind in words.
    status : HTTP status.
    detail : what was expected and what to do.
    errors : each thing that is wrong with the body.
    """

    kind: str
    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()


class ServiceError(EbbtideError):
    """Something went wrong between this program and the service."""


class Unreachable(ServiceError):
    """No answer came, however often it was tried."""


class UnreadableAnswer(ServiceError):
    """An answer came that is not what this client knows."""


class Refused(ServiceError):
    """The service answered with a problem.

    Parameters
    ----------
    problem : what it says.
    retry_after_seconds : when it asks to try again; None if it does not say.
    """

    def __init__(self, problem: Problem, *, retry_after_seconds: float | None = None) -> None:
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
        faults = [
            f"  {each.pointer}: expected {each.expected}. {each.fix}" for each in problem.errors
        ]
        super().__init__(
            "\n".join([f"{problem.status} {problem.title}. {problem.detail}", *faults])
        )


class InvalidRequest(Refused):
    """The request breaks its contract."""


class NotAllowed(Refused):
    """The key is not known, or may not do this."""


class NotFound(Refused):
    """There is no such thing."""


class Conflicting(Refused):
    """The request contradicts what is stored."""


class TooMany(Refused):
    """More was sent than the key may send."""


class Unavailable(Refused):
    """The service cannot answer now."""


_BY_STATUS: dict[int, type[Refused]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    405: NotFound,
    409: Conflicting,
    410: NotFound,
    429: TooMany,
}


def refused(problem: Problem, *, retry_after_seconds: float | None = None) -> Refused:
    """Return the error that goes with the status of a problem.

    Examples
    --------
    >>> problem = Problem(kind="busy", title="Busy", status=503, detail="Try again.")
    >>> refused(problem)
    Unavailable('503 Busy. Try again.')
    """
    status = problem.status
    error = _BY_STATUS.get(status, Unavailable if status >= 500 else InvalidRequest)
    return error(problem, retry_after_seconds=retry_after_seconds)


def problem_of(content: object, *, status: int) -> Problem:
    """Read a problem document; what is no such document becomes one that says only the status.

    Examples
    --------
    >>> problem_of({"type": "urn:ebbtide:problem:busy", "title": "Busy"}, status=503).kind
    'busy'
    >>> problem_of("<html>", status=502).kind
    'unknown'
    """
    read = content if isinstance(content, dict) else {}
    kind = str(read.get("type", ""))
    errors = read.get("errors")
    return Problem(
        kind=kind.removeprefix(_PREFIX) if kind.startswith(_PREFIX) else "unknown",
        title=str(read.get("title", "The service, or what stands before it, refused")),
        status=status,
        detail=str(read.get("detail", "It did not say why.")),
        errors=tuple(
            Fault(**{name: str(each.get(name, "")) for name in Fault.__slots__})
            for each in (errors if isinstance(errors, list) else [])
            if isinstance(each, dict)
        ),
    )
