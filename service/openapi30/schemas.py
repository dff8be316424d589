"""Write a JSON schema of OpenAPI 3.1 as one of 3.0 with nothing but flat, typed fields.

What 3.0 cannot say is said in its own way (null, constants, exclusive limits). What CRM systems
cannot read, a union of unlike types, a map of unknown names or a name that is no identifier, has no
flat form: such a field is left out of its object, and the object's description names it. The wider
schema stays true, since an object of 3.0 may hold more than is described.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Schema = dict[str, Any]

REF = "#/components/schemas/"

IDENTIFIER = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
"""What CRM systems take for a name (Apex, that is): it begins with a letter, and has no two
underscores together and none at the end."""

_KEPT = (
    "title",
    "description",
    "default",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "multipleOf",
    "deprecated",
    "readOnly",
    "writeOnly",
)
"""Keywords that mean the same in both versions."""

_SAID = ("title", "description", "default", "deprecated")
"""Those that say something of a field whatever its type."""


def flat(schema: Schema, components: Mapping[str, Schema]) -> Schema | None:
    """Return a schema in the flat form, or None where it has none.

    Parameters
    ----------
    schema : of OpenAPI 3.1, that is JSON Schema 2020-12 as pydantic writes it.
    components : the schemas that it may refer to, by name.

    Examples
    --------
    >>> flat({"anyOf": [{"type": "number"}, {"type": "null"}], "description": "Risk."}, {})
    {'description': 'Risk.', 'type': 'number', 'nullable': True}
    >>> flat({"const": "scored", "type": "string"}, {})
    {'type': 'string', 'enum': ['scored']}
    >>> flat({"type": "integer", "exclusiveMinimum": 0}, {})
    {'type': 'integer', 'minimum': 0, 'exclusiveMinimum': True}
    >>> flat({"anyOf": [{"type": "number"}, {"type": "string"}]}, {}) is None
    True
    """
    return _flat(schema, components, seen=())


def _flat(schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]) -> Schema | None:
    if "$ref" in schema:
        return _reference(schema, components, seen)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return _joined(keyword, schema, components, seen)
    if isinstance(schema.get("type"), list):
        rest = {name: value for name, value in schema.items() if name != "type"}
        branches = [{**rest, "type": each} for each in schema["type"]]
        said = {name: schema[name] for name in _SAID if name in schema}
        return _joined("anyOf", {**said, "anyOf": branches}, components, seen)
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    flattened: Schema = {name: schema[name] for name in _KEPT if name in schema}
    if flattened.get("default", ...) is None:
        del flattened["default"]
    if schema.get("examples"):
        flattened["example"] = schema["examples"][0]
    form = _FORMS.get(_type_of(schema))
    return None if form is None else form(flattened, schema, components, seen)


def _type_of(schema: Schema) -> str:
    if "type" in schema:
        return str(schema["type"])
    values = schema.get("enum", [])
    return "string" if values and all(isinstance(value, str) for value in values) else ""


def _plain(
    flattened: Schema, schema: Schema, _components: Mapping[str, Schema], _seen: tuple[str, ...]
) -> Schema:
    flattened["type"] = _type_of(schema)
    if "enum" in schema:
        flattened["enum"] = list(schema["enum"])
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if limit in schema:
            flattened[limit] = schema[limit]
        elif exclusive in schema:
            flattened |= {limit: schema[exclusive], exclusive: True}
    return flattened


def _array(
    flattened: Schema, schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]
) -> Schema | None:
    items = _flat(schema.get("items", {}), components, seen)
    return None if items is None else {**flattened, "type": "array", "items": items}


def _object(
    flattened: Schema, schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]
) -> Schema | None:
    if "properties" not in schema:
        return None if "additionalProperties" in schema else {**flattened, "type": "object"}
    required = schema.get("required", ())
    every = {
        name: _flat(inner if name in required else _left_out(inner), components, seen)
        if IDENTIFIER.fullmatch(name)
        else None
        for name, inner in schema["properties"].items()
    }
    left_out = [name for name, inner in every.items() if inner is None]
    if left_out:
        said = f"Also, though without one plain type or name: {', '.join(left_out)}."
        flattened["description"] = f"{flattened.get('description', '')} {said}".strip()
    flattened |= {
        "type": "object",
        "properties": {name: inner for name, inner in every.items() if inner is not None},
    }
    required = [name for name in required if name in flattened["properties"]]
    return {**flattened, "required": required} if required else flattened


def _left_out(schema: Schema) -> Schema:
    """Return the reference of a field that is left out where there is none, without its null."""
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return branches[0] if len(branches) == 1 and "$ref" in branches[0] else schema


_FORMS = {
    "string": _plain,
    "number": _plain,
    "integer": _plain,
    "boolean": _plain,
    "array": _array,
    "object": _object,
}


def _reference(
    schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]
) -> Schema | None:
    """Return the bare reference: 3.0 passes over whatever stands beside it."""
    name = schema["$ref"].removeprefix(REF)
    is_flat = name in seen or _flat(components[name], components, (*seen, name)) is not None
    return {"$ref": schema["$ref"]} if is_flat else None


def _joined(
    keyword: str, schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]
) -> Schema | None:
    beside = {name: value for name, value in schema.items() if name != keyword}
    branches = [each for each in schema[keyword] if each.get("type") != "null"]
    is_nullable = len(branches) < len(schema[keyword])
    if len(branches) == 1 and not is_nullable:
        return _flat({**branches[0], **beside}, components, seen)
    resolved = [_resolved(each, components, seen) for each in branches]
    if not resolved or any(each is None for each in resolved):
        return None
    whole = _united([each for each in resolved if each is not None], is_all=keyword == "allOf")
    if whole is None:
        return None
    said = {name: beside[name] for name in _SAID if beside.get(name) is not None}
    whole = {**said, **{name: each for name, each in whole.items() if name not in said}}
    return _or_null(whole) if is_nullable else whole


def _resolved(
    schema: Schema, components: Mapping[str, Schema], seen: tuple[str, ...]
) -> Schema | None:
    """Return the flat form of a branch, with what it refers to in its place."""
    if "$ref" not in schema:
        return _flat(schema, components, seen)
    name = schema["$ref"].removeprefix(REF)
    return None if name in seen else _flat(components[name], components, (*seen, name))


def _or_null(schema: Schema) -> Schema:
    """Let a schema be null. A list of choices would forbid it, so that it becomes words."""
    if "enum" not in schema:
        return {**schema, "nullable": True}
    choices = " or ".join(map(str, schema["enum"]))
    rest = {name: value for name, value in schema.items() if name != "enum"}
    said = f"{schema.get('description', '')} One of: {choices}.".strip()
    return {**rest, "description": said, "nullable": True}


def _united(schemas: Sequence[Schema], *, is_all: bool) -> Schema | None:
    """Return one flat schema for what fits any of several, or for ``is_all`` all of them."""
    types = {schema["type"] for schema in schemas}
    if len(schemas) == 1:
        return dict(schemas[0])
    if types == {"object"}:
        return _united_objects(schemas, is_all=is_all)
    if types == {"string"} and all("enum" in schema for schema in schemas):
        choices = dict.fromkeys(choice for schema in schemas for choice in schema["enum"])
        return {"type": "string", "enum": list(choices)}
    if types <= {"integer", "number"}:
        return {"type": "number" if "number" in types else "integer"}
    return {"type": types.pop()} if types in ({"string"}, {"boolean"}) else None


def _united_objects(schemas: Sequence[Schema], *, is_all: bool) -> Schema | None:
    """Return an object with the fields of all; required is what each of them requires."""
    properties: Schema = {}
    for name in dict.fromkeys(name for schema in schemas for name in schema.get("properties", {})):
        given = [s["properties"][name] for s in schemas if name in s.get("properties", {})]
        if any(each != given[0] for each in given):
            if any("$ref" in each for each in given):
                return None
            merged = _united(given, is_all=is_all)
            if merged is None:
                return None
            said = " Or: ".join(dict.fromkeys(each.get("description", "") for each in given))
            merged = {"description": said, **merged}
            if any(each.get("nullable") for each in given):
                merged["nullable"] = True
            properties[name] = merged
        else:
            properties[name] = given[0]
    sets = [set(schema.get("required", ())) for schema in schemas]
    wanted = set.union(*sets) if is_all else set.intersection(*sets)
    required = [name for name in properties if name in wanted]
    united: Schema = {"type": "object", "properties": properties}
    return {**united, "required": required} if required else united
