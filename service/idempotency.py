"""Do a change once, however often its request is sent: the header ``Idempotency-Key``.

The key is committed together with the change and its answer. A repeat of the same request gets that
answer, marked ``Idempotency-Replayed: true``; another request under the same key is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from starlette.responses import Response

from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from service.access.guard import caller_of
from service.problems import Fault, Problem, ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection
    from starlette.requests import Request

    from service.desk import Desk

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_MAX_LENGTH = 255

PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Your own unique text for this request, such as a UUID. Sent again with the "
    "same key, the request changes nothing and gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": _MAX_LENGTH},
}
"""The header in the OpenAPI document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer that is kept with its key.

    Parameters
    ----------
    content : body of the answer, as JSON; or its bytes, where it is written already.
    status : HTTP status.
    lasts : whether it is kept; not if somebody whom it names was erased meanwhile.
    """

    content: dict[str, Any] | bytes
    status: int = 200
    lasts: bool = True


class _KeyTaken(Exception):
    """Another request with this key was committed first."""


def kept_answer(request: Request, desk: Desk, *, body: bytes) -> Response | None:
    """Return the answer that was given under the request's key; None if it has none, or is new.

    For endpoints that would do costly work before they can change anything.

    Raises
    ------
    ProblemError
        422 if the header is no key, or another request was sent under it.
    """
    key = _key(request)
    return None if key is None else _replayed(request, desk, key=key, body=body)


def once(
    request: Request,
    desk: Desk,
    *,
    body: bytes,
    change: Callable[[Connection], Kept],
) -> Response:
    """Commit a change, unless it was committed under the request's key before; return its answer.

    Parameters
    ----------
    request : whose header may hold a key; without one the change is simply made.
    desk : with the store.
    body : the request's body, or what stands for it.
    change : the unit of ``Database.write`` that makes the change and returns the answer.

    Raises
    ------
    ProblemError
        422 if the header is no key, or another request was sent under it.
    StoreUnavailable
        If nothing could be written.
    """
    database = desk.store.database
    key = _key(request)
    if key is None:
        return _response(database.write(change))
    replayed = _replayed(request, desk, key=key, body=body)
    if replayed is not None:
        return replayed
    row = {
        "caller": caller_of(request).name,
        "idempotency_key": key,
        "fingerprint": _fingerprint(request, body),
        "kept_at": desk.now(),
    }

    def unit(connection: Connection) -> Kept:
        answer = change(connection)
        if not answer.lasts:
            return answer
        added = connection.execute(
            database.insert(IDEMPOTENCY_KEYS)
            .on_conflict_do_nothing()
            .returning(IDEMPOTENCY_KEYS.c.kept_at),  # no driver counts inserted rows for certain
            {**row, "status": answer.status, "content": _written(answer.content).decode()},
        )
        if added.first() is None:
            raise _KeyTaken
        return answer

    try:
        return _response(database.write(unit))
    except _KeyTaken:
        replayed = _replayed(request, desk, key=key, body=body)
        assert replayed is not None
        return replayed


def _replayed(request: Request, desk: Desk, *, key: str, body: bytes) -> Response | None:
    query = select(IDEMPOTENCY_KEYS).where(
        IDEMPOTENCY_KEYS.c.caller == caller_of(request).name,
        IDEMPOTENCY_KEYS.c.idempotency_key == key,
    )
    with desk.store.database.read("look up the key") as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.fingerprint != _fingerprint(request, body):
        raise ProblemError(_REUSED)
    kept = Kept(content=row.content.encode(), status=row.status)
    return _response(kept, **{REPLAYED: "true"})


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (1 <= len(key) <= _MAX_LENGTH and key.isascii() and key.isprintable()):
        fault = Fault(
            pointer="",
            expected=f"1 to {_MAX_LENGTH} printable ASCII characters in {HEADER}",
            got_kind="other text",
            fix="Send a UUID, or leave the header out.",
        )
        raise ProblemError(invalid([fault]))
    return key


def _fingerprint(request: Request, body: bytes) -> str:
    head = f"{request.method} {request.url.path}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def _written(content: Mapping[str, Any] | bytes) -> bytes:
    if isinstance(content, bytes):
        return content
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _response(answer: Kept, **headers: str) -> Response:
    return Response(
        _written(answer.content),
        status_code=answer.status,
        headers=headers,
        media_type="application/json",
    )


_REUSED = Problem(
    kind="idempotency-key-reused",
    detail="Expected a new Idempotency-Key for a new request, but another request was answered "
    "under this one. Send a new key, or the very same request.",
)
