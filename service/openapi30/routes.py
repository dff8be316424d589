"""``GET /openapi-3.0.json``: the document for systems that read version 3.0."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse

from service.openapi30.document import lowered

router = APIRouter()


@router.get("/openapi-3.0.json", include_in_schema=False)
def openapi_3_0(request: Request) -> JSONResponse:
    """Return the OpenAPI document in version 3.0, of the model that is being served."""
    state = request.app.state
    document = request.app.openapi()
    made: tuple[dict[str, Any], dict[str, Any]] | None = getattr(state, "lowered", None)
    if made is None or made[0] is not document:
        made = (document, lowered(document))
        state.lowered = made  # one assignment: requests may be here at once
    return JSONResponse(made[1])
