"""Pieces of the OpenAPI document that FastAPI does not write by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from service.access.described import describe_refusals
from service.outcomes.examples import ANSWER as OUTCOMES
from service.problems import KINDS, MEDIA_TYPE
from service.scoring.examples import ANSWER
from service.scoring.served_shapes import MARK, served_schemas
from service.scoring.shapes import FaultShape, ProblemShape
from service.what_if import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from pydantic import BaseModel

    from ebbtide.contracts.feature import FeatureContract
    from service.desk import Desk

_REF = "#/components/schemas/{model}"
_SHAPE = "x-ebbtide-shape"
"""Keyword under which the schema of a body waits to become a component."""

_FRAMEWORK_SHAPES = ("HTTPValidationError", "ValidationError")

_ANSWERS = {
    "/v1/score": ANSWER,
    "/v1/scores": {"results": [ANSWER]},
    "/v1/what-if": examples.ANSWER,
    "/v1/outcomes": OUTCOMES,
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
    schema = {_SHAPE: _schema_of(model), "$ref": _REF.format(model=model.__name__)}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


PARAMETERS = {
    "webhook_id": "Id of the webhook.",
    "customer_id": "Id of the customer in your systems.",
    "job_id": "Id of the job.",
    "prediction_id": "Id of the answer.",
    "action": "Code of the action.",
    "cursor": "next_cursor of the page before; leave it out for the first page.",
    "limit": "How many to list at the most.",
}
"""What parameters mean wherever they stand, for routes that do not say it themselves."""


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
    """Return the OpenAPI document of an app, with the features of the model that it serves."""
    desk: Desk = app.state.desk
    served = desk.supply.current
    version = None if served is None else served.bundle.version
    described: tuple[str | None, dict[str, Any]] | None = getattr(app.state, "described", None)
    if described is None or described[0] != version:
        features = None if served is None else served.bundle.scorer.features
        described = (version, _document(app, features))
        app.state.described = described  # one assignment: requests may be here at once
    return described[1]


def _document(app: FastAPI, features: Sequence[FeatureContract] | None) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _mend_framework_problems(document)
    _say_parameters(document)
    bodies = [schema.pop(_SHAPE) for schema in _schemas_with(_SHAPE, document["paths"])]
    for schema in (_schema_of(FaultShape), _schema_of(ProblemShape), *bodies):
        schemas.update(schema.pop("$defs", {}))
        schemas[schema["title"]] = schema
    for schema in _schemas_with(MARK, schemas):
        _fill_in(schema)
    schemas.update(served_schemas(features))
    for path, example in _ANSWERS.items():  # here, because FastAPI drops nulls from examples
        content = document["paths"][path]["post"]["responses"]["200"]["content"]
        content["application/json"]["example"] = example
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    describe_refusals(document)
    return document


def _mend_framework_problems(document: dict[str, Any]) -> None:
    """Describe what the framework refuses by itself as what it becomes here: a problem."""
    for name in _FRAMEWORK_SHAPES:
        document["components"]["schemas"].pop(name, None)
    (problem,) = problem_responses(422).values()
    for operations in document["paths"].values():
        for operation in operations.values():
            if _FRAMEWORK_SHAPES[0] in str(operation["responses"].get("422", "")):
                operation["responses"]["422"] = problem


def _say_parameters(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                said = PARAMETERS.get(parameter["name"])
                if said is not None:
                    parameter.setdefault("description", said)


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template=_REF)


def _schemas_with(keyword: str, within: Any) -> list[dict[str, Any]]:
    """Return the schemas with a keyword of our own, wherever they are."""
    inner = within.values() if isinstance(within, dict) else within
    deeper = [each for each in inner if isinstance(each, dict | list)]
    found = [schema for each in deeper for schema in _schemas_with(keyword, each)]
    return [within, *found] if isinstance(within, dict) and keyword in within else found


def _fill_in(schema: dict[str, Any]) -> None:
    """Let a marked schema refer to what its mark stands for, null where it may be null."""
    reference = {"$ref": _REF.format(model=schema.pop(MARK))}
    is_nullable = {"type": "null"} in schema.pop("anyOf", [])
    for keyword in ("type", "additionalProperties", "default", "title"):
        schema.pop(keyword, None)
    schema.update({"anyOf": [reference, {"type": "null"}]} if is_nullable else reference)
