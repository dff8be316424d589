"""Read a request body: bounded in size and time, JSON in UTF-8, strictly.

JSON here means RFC 8259: no NaN or Infinity, no name twice in one object.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NoReturn

from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import Receive

_MAX_INTEGER_DIGITS = 18


BYTES_A_VALUE = 8
"""How many bytes of the largest body stand for one value; a named number takes about twice that."""


async def read_body(request: Request, *, max_bytes: int, deadline_seconds: float) -> bytes:
    """Return the bytes of a body.

    Raises
    ------
    ProblemError
        415 if it is not declared as JSON, 413 if it is too large, 408 if it comes too slowly.
    """
    _check_media_type(request.headers)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > max_bytes:
        raise ProblemError(_too_large(max_bytes))
    return await receive_body(
        request.receive, max_bytes=max_bytes, deadline_seconds=deadline_seconds
    )


async def receive_body(receive: Receive, *, max_bytes: int, deadline_seconds: float) -> bytes:
    """Return the bytes of a body, whatever its head says.

    Parameters
    ----------
    receive : of the request; nothing of the body was taken from it yet.
    max_bytes : how many bytes it may have.
    deadline_seconds : how long it may take to arrive.

    Raises
    ------
    ProblemError
        413 if it is too large, 408 if it comes too slowly, 400 if it breaks off.
    """
    received = bytearray()
    try:
        async with asyncio.timeout(deadline_seconds):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ProblemError(_malformed("the connection ended before the body did"))
                received += message.get("body", b"")
                more = message.get("more_body", False)
                if len(received) > max_bytes:
                    raise ProblemError(_too_large(max_bytes))
    except TimeoutError as err:
        raise ProblemError(
            Problem(
                kind="body-too-slow",
                detail=f"Expected the whole body within {deadline_seconds:g} seconds. Send it "
                "faster, or send fewer rows at once.",
                headers={"Connection": "close"},
            )
        ) from err
    return bytes(received)


def parse_json(body: bytes, *, max_values: int) -> Any:
    """Return what a JSON body says.

    Parameters
    ----------
    body : as it came.
    max_values : most values in it. They are counted by their commas before anything is built: an
        array of many empty arrays would take fifty times the memory of its text.

    Raises
    ------
    ProblemError
        413 if it holds too many values, 400 if it is no strict JSON.
    """
    if body.count(b",") >= max_values:
        raise ProblemError(
            Problem(
                kind="body-too-large",
                detail=f"Expected at most {max_values} values in a body. Send fewer rows or events "
                "at once.",
            )
        )
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise ProblemError(_malformed("it is not UTF-8")) from err
    if not text.strip():
        raise ProblemError(_malformed("it is empty"))
    try:
        return json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_integer,
            object_pairs_hook=_without_repeats,
        )
    except json.JSONDecodeError as err:
        place = f"it breaks off or goes wrong at line {err.lineno}, column {err.colno}"
        raise ProblemError(_malformed(place)) from err
    except RecursionError as err:
        raise ProblemError(_malformed("it is nested too deeply")) from err


def _check_media_type(headers: Mapping[str, str]) -> None:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    is_json = media_type.strip().lower() == "application/json"
    is_utf8 = charset in ("", "charset=utf-8", "charset=utf8")
    is_plain = headers.get("content-encoding", "identity").strip().lower() == "identity"
    if not (is_json and is_utf8 and is_plain):
        raise ProblemError(
            Problem(
                kind="unsupported-media-type",
                detail="Expected the header Content-Type: application/json, the body in UTF-8 and "
                "not compressed. Set the header, and send the body plainly.",
                headers={"Accept-Post": "application/json"},
            )
        )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ProblemError(_malformed("an object holds the same name twice"))
    return read


def _no_constant(_name: str) -> NoReturn:
    raise ProblemError(_malformed("NaN and Infinity are no JSON; write null for a missing value"))


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else float(text)


def _malformed(why: str) -> Problem:
    return Problem(
        kind="malformed-json",
        detail=f"Expected a JSON object in UTF-8 after RFC 8259, but {why}. Mend the body.",
    )


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        kind="body-too-large",
        detail=f"Expected at most {max_bytes} bytes. Send fewer rows or events at once.",
        headers={"Connection": "close"},
    )
