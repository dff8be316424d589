"""``GET /openapi-3.0.json`` and ``/openapi-2.0.json``: the document for systems that read those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse

from service.openapi30.document import lowered
from service.openapi30.swagger import swagger

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Older:
    """The older versions of one document."""

    made_of: dict[str, Any]
    version_3_0: dict[str, Any]
    version_2_0: dict[str, Any]


@router.get("/openapi-3.0.json", include_in_schema=False)
def openapi_3_0(request: Request) -> JSONResponse:
    """Return the OpenAPI document in version 3.0, of the model that is being served."""
    return JSONResponse(_older(request).version_3_0)


@router.get("/openapi-2.0.json", include_in_schema=False)
def openapi_2_0(request: Request) -> JSONResponse:
    """Return the same in version 2.0."""
    return JSONResponse(_older(request).version_2_0)


def _older(request: Request) -> _Older:
    state = request.app.state
    document = request.app.openapi()
    made: _Older | None = getattr(state, "older_openapi", None)
    if made is None or made.made_of is not document:
        low = lowered(document)
        made = _Older(made_of=document, version_3_0=low, version_2_0=swagger(low))
        state.older_openapi = made  # one assignment: requests may be here at once
    return made
