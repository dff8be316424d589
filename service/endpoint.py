"""What endpoints ask of FastAPI: the desk, the bytes of a body, and the JSON in them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature

from service.body import BYTES_A_VALUE, parse_json, read_body
from service.desk import Desk, desk_of

TheDesk = Annotated[Desk, Depends(desk_of)]


async def body_of(request: Request, desk: TheDesk) -> bytes:
    """Return the body of a request, bounded as the settings say.

    Raises
    ------
    ProblemError
        415 if it is not declared as JSON, 413 if it is too large, 408 if it comes too slowly.
    """
    settings = desk.settings
    return await read_body(
        request,
        max_bytes=settings.max_body_bytes,
        deadline_seconds=settings.body_deadline_seconds,
    )


Body = Annotated[bytes, Depends(body_of)]


def read_json(body: bytes, desk: Desk) -> Any:
    """Return what a JSON body says.

    Raises
    ------
    ProblemError
        413 if it holds too many values, 400 if it is no strict JSON.
    """
    return parse_json(body, max_values=desk.settings.max_body_bytes // BYTES_A_VALUE)
