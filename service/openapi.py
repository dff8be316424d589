"""Pieces of the OpenAPI document that FastAPI does not write by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from service.problems import KINDS, MEDIA_TYPE
from service.scoring.examples import ANSWER
from service.scoring.shapes import FaultShape, ProblemShape
from service.what_if import examples

if TYPE_CHECKING:
    from fastapi import FastAPI
    from pydantic import BaseModel

_REF = "#/components/schemas/{model}"

_ANSWERS = {
    "/v1/score": ANSWER,
    "/v1/scores": {"results": [ANSWER]},
    "/v1/what-if": examples.ANSWER,
}

LANGUAGE_HEADER: dict[str, Any] = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Language of the texts: en or zh; en where neither is asked for.",
    "schema": {"type": "string"},
    "example": "zh-CN, zh;q=0.9, en;q=0.8",
}


def json_body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """Describe a JSON body that the endpoint reads itself."""
    schema = model.model_json_schema(ref_template=_REF)
    inner = schema.pop("$defs", {})
    for name, field in schema["properties"].items():
        items = field.get("items", {})
        if items.get("$ref", "").rpartition("/")[2] in inner:
            schema["properties"][name] = {
                **field,
                "items": inner[items["$ref"].rpartition("/")[2]],
            }
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of an endpoint."""
    return {
        status: {
            "description": "; ".join(
                f"{title} ({kind})" for kind, (code, title) in KINDS.items() if code == status
            ),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=ProblemShape.__name__)}}},
        }
        for status in statuses
    }


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app, with the shape of problems."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (FaultShape, ProblemShape):
            schema = model.model_json_schema(ref_template=_REF)
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        for path, example in _ANSWERS.items():  # here, because FastAPI drops nulls from examples
            content = document["paths"][path]["post"]["responses"]["200"]["content"]
            content["application/json"]["example"] = example
        app.openapi_schema = document
    return app.openapi_schema
