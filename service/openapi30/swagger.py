"""Write the flat 3.0 document as Swagger 2.0: the only version that Power Platform reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.openapi30.schemas import REF, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON = "application/json"
_NEW_REF = "#/definitions/"


def swagger(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document of version 2.0.

    Of the ways to say who asks, only keys in a header are kept: Power Platform takes one. Host and
    scheme are left to who imports it.

    Parameters
    ----------
    document : as ``service.openapi30.document.lowered`` makes it.

    Examples
    --------
    >>> made = swagger({"info": {"title": "Shop", "version": "1"}, "paths": {}, "components": {}})
    >>> made["swagger"], made["consumes"]
    ('2.0', ['application/json'])
    """
    components = document["components"]
    keys = {
        name: each
        for name, each in components.get("securitySchemes", {}).items()
        if each["type"] == "apiKey"
    }
    made: dict[str, Any] = {
        "swagger": "2.0",
        "info": document["info"],
        "basePath": "/",
        "consumes": [_JSON],
        "produces": [_JSON],
        "paths": {
            path: {method: _operation(each, keys) for method, each in item.items()}
            for path, item in document["paths"].items()
        },
        "definitions": {
            name: _schema(each) for name, each in components.get("schemas", {}).items()
        },
    }
    return made | ({"securityDefinitions": keys} if keys else {})


def _operation(operation: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("operationId", "summary", "description", "tags", "deprecated")
    made: dict[str, Any] = {name: operation[name] for name in kept if name in operation}
    parameters = [_parameter(each) for each in operation.get("parameters", [])]
    if "requestBody" in operation:
        body = operation["requestBody"]
        parameters.append(
            {
                "name": "body",
                "in": "body",
                "required": body.get("required", False),
                "description": body.get("description", "The request."),
                "schema": _schema(body["content"][_JSON]["schema"]),
            }
        )
    if parameters:
        made["parameters"] = parameters
    allowed = [each for each in operation.get("security", []) if each.keys() <= keys.keys()]
    if allowed:
        made["security"] = allowed
    made["responses"] = {status: _response(each) for status, each in operation["responses"].items()}
    return made


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "in", "required", "description")
    made = {name: parameter[name] for name in kept if name in parameter}
    schema = {
        name: each
        for name, each in _schema(parameter["schema"]).items()
        if name not in ("description", "example", "x-nullable")
    }
    return {**made, "x-ms-summary": _heading(parameter["name"]), **schema}


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    made = {"description": response["description"]}
    content = response.get("content", {}).get(_JSON)
    return made if content is None else {**made, "schema": _schema(content["schema"])}


def _schema(schema: Schema) -> Schema:
    """Return a schema as 2.0 says it: other references, and null as an extension."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(REF, _NEW_REF)}
    made = {name: each for name, each in schema.items() if name not in _NEWER}
    if schema.get("nullable"):
        made["x-nullable"] = True
    if "items" in made:
        made["items"] = _schema(made["items"])
    if "properties" in made:
        made["properties"] = {name: _field(name, each) for name, each in made["properties"].items()}
    return made


_NEWER = frozenset({"nullable", "deprecated", "writeOnly", "title"})


def _field(name: str, schema: Schema) -> Schema:
    made = _schema(schema)
    return made if "$ref" in made else {"x-ms-summary": _heading(name), **made}


def _heading(name: str) -> str:
    """Return a name as the heading of a column.

    Examples
    --------
    >>> _heading("churn_score"), _heading("Idempotency-Key")
    ('Churn Score', 'Idempotency Key')
    """
    words = name.replace("_", " ").replace("-", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)
