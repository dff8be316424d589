"""``GET /openapi.json``, and the same document for systems that read older versions of OpenAPI.

Each is written once for a model, and given as bytes from then on: to write 200 kB takes the event
loop as long as to score a hundred customers, and everybody may ask for it, without a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse, Response

from service.desk import desk_of
from service.openapi30.document import lowered
from service.openapi30.swagger import swagger

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The documents of one model, by what makes them, as far as somebody has asked for them."""

    model_version: str | None
    contents: dict[Callable[[dict[str, Any]], dict[str, Any]], bytes] = field(default_factory=dict)


def _as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    return document


def _as_swagger(document: dict[str, Any]) -> dict[str, Any]:
    return swagger(lowered(document))


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document, version 3.1, of the model that is being served."""
    return await _told(request, _as_it_is)


@router.get("/openapi-3.0.json", include_in_schema=False)
async def openapi_3_0(request: Request) -> Response:
    """Return it in version 3.0."""
    return await _told(request, lowered)


@router.get("/openapi-2.0.json", include_in_schema=False)
async def openapi_2_0(request: Request) -> Response:
    """Return it in version 2.0."""
    return await _told(request, _as_swagger)


async def _told(request: Request, make: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    version = _version(request)
    written: _Written | None = getattr(request.app.state, "documents", None)
    if written is None or written.model_version != version:
        written = request.app.state.documents = _Written(model_version=version)
    content = written.contents.get(make)
    if content is None:
        content = await run_in_threadpool(_write, request.app, make)
        if _version(request) == version:  # else it may be that of the next model
            written.contents[make] = content
    return Response(content, media_type="application/json")


def _version(request: Request) -> str | None:
    served = desk_of(request).supply.current
    return None if served is None else served.bundle.version


def _write(app: FastAPI, make: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    return bytes(JSONResponse(make(app.openapi())).body)
