"""Write an OpenAPI 3.1 document as one of 3.0 for CRM systems.

It holds the operations that take and give JSON objects; ``info.description`` names the others.
Problems are described as ``application/json``, since these systems know no other type, and the
service sends them so where ``Accept`` asks for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from service.openapi30.schemas import REF, Schema, flat

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "3.0.3"

_JSON = "application/json"
_METHODS = ("get", "put", "post", "delete", "patch")
_SIMPLE = frozenset({"string", "number", "integer", "boolean"})
_SECURITY_KINDS = frozenset({"apiKey", "http", "oauth2", "openIdConnect"})

Operation = dict[str, Any]


def lowered(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document in version 3.0, with flat typed fields and JSON only.

    Parameters
    ----------
    document : in version 3.1; it is not changed.

    Examples
    --------
    >>> made = lowered({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {}})
    >>> made["openapi"], made["paths"]
    ('3.0.3', {})
    """
    components: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    paths: dict[str, dict[str, Operation]] = {}
    left_out = []
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method not in item:
                continue
            shared = item.get("parameters", [])
            operation = _operation(item[method], shared, components)
            if operation is None:
                left_out.append(f"{method.upper()} {path}")
            else:
                paths.setdefault(path, {})[method] = operation
    made: dict[str, Any] = {
        "openapi": VERSION,
        "info": _info(document["info"], left_out),
        "servers": document.get("servers", [{"url": "/"}]),
        "paths": paths,
        "components": {"schemas": _reached(paths, components)},
    }
    security = document.get("components", {}).get("securitySchemes", {})
    kept = {name: each for name, each in security.items() if each["type"] in _SECURITY_KINDS}
    if kept:
        made["components"]["securitySchemes"] = kept
    return made | {name: document[name] for name in ("security", "tags") if name in document}


def _info(info: Mapping[str, Any], left_out: list[str]) -> dict[str, Any]:
    said = [info.get("summary"), info.get("description")]
    if left_out:
        said.append(
            f"Not in this document, because they send or take something else than JSON objects: "
            f"{', '.join(left_out)}. /openapi.json describes them."
        )
    description = " ".join(text for text in said if text)
    kept = {name: info[name] for name in ("title", "version", "contact") if name in info}
    return {**kept, "description": description} if description else kept


def _operation(
    operation: Operation, shared: list[dict[str, Any]], components: Mapping[str, Schema]
) -> Operation | None:
    """Return an operation, or None if it does not speak JSON objects both ways."""
    parameters = [
        _parameter(each, components) for each in (*shared, *operation.get("parameters", []))
    ]
    responses = _responses(operation.get("responses", {}), components)
    if responses is None or None in parameters:
        return None
    kept = ("operationId", "summary", "description", "tags", "security", "deprecated")
    made = {name: operation[name] for name in kept if name in operation}
    described = [each for each in parameters if each]
    if described:
        made["parameters"] = described
    if "requestBody" in operation:
        body = operation["requestBody"]
        content = _content(body["content"], components)
        if content is None:
            return None
        rest = {name: body[name] for name in ("description", "required") if name in body}
        made["requestBody"] = {**rest, "content": content}
    return {**made, "responses": responses}


def _parameter(
    parameter: dict[str, Any], components: Mapping[str, Schema]
) -> dict[str, Any] | None:
    """Return a parameter; empty if it can go without, None if it cannot and has no flat form."""
    schema = flat(parameter.get("schema", {}), components)
    if schema is not None and "$ref" in schema:
        schema = flat(components[schema["$ref"].removeprefix(REF)], components)
    if schema is None or schema["type"] not in _SIMPLE:
        return None if parameter.get("required") else {}
    said = {"description": schema.pop("description", None), **parameter}
    kept = ("name", "in", "required", "description", "deprecated", "example")
    schema.pop("nullable", None)  # a parameter that is null is one that is not sent
    return {**{name: said[name] for name in kept if said.get(name) is not None}, "schema": schema}


def _content(
    content: Mapping[str, Any], components: Mapping[str, Schema]
) -> dict[str, dict[str, Any]] | None:
    """Return the JSON among the contents of a body, if it is an object that has a flat form."""
    if _JSON not in content:
        return None
    schema = flat(content[_JSON].get("schema", {}), components)
    if schema is None or not _is_object(schema, components):
        return None
    example = {name: content[_JSON][name] for name in ("example",) if name in content[_JSON]}
    return {_JSON: {"schema": schema, **example}}


def _is_object(schema: Schema, components: Mapping[str, Schema]) -> bool:
    if "$ref" in schema:
        schema = components[schema["$ref"].removeprefix(REF)]
    return schema.get("type") == "object"


def _responses(
    responses: Mapping[str, Any], components: Mapping[str, Schema]
) -> dict[str, Any] | None:
    """Return the responses, or None if a good one is no JSON object."""
    made: dict[str, Any] = {}
    for status, response in responses.items():
        contents = response.get("content", {})
        as_json = [each for name, each in contents.items() if _is_json(name)]
        content = _content({_JSON: as_json[0]} if as_json else {}, components)
        if status.startswith("2") and contents and content is None:
            return None
        described = {"description": response["description"]}
        made[status] = described if content is None else {**described, "content": content}
    return made


def _is_json(media_type: str) -> bool:
    """Whether a media type is JSON or one with the suffix (RFC 6839, section 3.1)."""
    return re.fullmatch(r"application/(?:[\w.-]+\+)?json", media_type) is not None


def _reached(within: Any, components: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the flat component schemas that something refers to, directly or through others."""
    reached: dict[str, Schema] = {}
    waiting = _names_in(within)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            schema = flat(components[name], components)
            assert schema is not None, name  # else nothing flat would refer to it
            reached[name] = schema
            waiting |= _names_in(schema)
    return dict(sorted(reached.items()))


def _names_in(within: Any) -> set[str]:
    if isinstance(within, list):
        return {name for each in within for name in _names_in(each)}
    if not isinstance(within, dict):
        return set()
    reference = within.get("$ref")
    own = {reference.removeprefix(REF)} if isinstance(reference, str) else set()
    return own | {name for each in within.values() for name in _names_in(each)}
