"""A problem as bytes, made before anybody asks: what it costs to refuse decides how many are told.

Under a flood nearly every request is refused. To make the same answer each time, and to begin a
task for each, would take longer than to score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from service.media_type import is_plain_json_wanted
from service.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from starlette.types import Scope

    from service.problems import Problem

_LONGEST_ACCEPT = 256
"""Longer ones are read each time, so that what is kept stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is answered to a request that nothing was begun for.

    Parameters
    ----------
    status : of HTTP.
    head : lines of headers, each with its end, but for the length.
    content : the body.
    """

    status: int
    head: bytes
    content: bytes


class Refusals:
    """The answers to one problem: as a problem document, and for those who take plain JSON only.

    Parameters
    ----------
    problem : what it is.

    Examples
    --------
    >>> from service.under_way import BUSY
    >>> refusals = Refusals(BUSY)
    >>> refusals.of({"headers": []}).status
    503
    >>> b"application/json" in refusals.of({"headers": [(b"accept", b"application/json")]}).head
    True
    """

    def __init__(self, problem: Problem) -> None:
        self._as_problem = _refusal(problem, media_type=MEDIA_TYPE)
        self._as_json = _refusal(problem, media_type="application/json")

    def of(self, scope: Scope) -> Refusal:
        """Return the answer to a request."""
        accept = [value for name, value in scope["headers"] if name == b"accept"]
        is_plain = bool(accept) and _is_plain_json_wanted(b", ".join(accept))
        return self._as_json if is_plain else self._as_problem


def _is_plain_json_wanted(accept: bytes) -> bool:
    read = _read_before if len(accept) <= _LONGEST_ACCEPT else _read
    return read(accept)


def _read(accept: bytes) -> bool:
    return is_plain_json_wanted(accept.decode("latin-1"))


_read_before = lru_cache(maxsize=256)(_read)


def _refusal(problem: Problem, *, media_type: str) -> Refusal:
    response = problem.response()
    headers = {name: value for name, value in response.raw_headers if name != b"content-length"}
    headers |= {b"content-type": media_type.encode(), b"vary": b"Accept"}
    lines = [b"%b: %b\r\n" % line for line in headers.items()]
    return Refusal(status=response.status_code, head=b"".join(lines), content=bytes(response.body))
