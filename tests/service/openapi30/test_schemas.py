"""What 3.1 says of a field is said in 3.0, or the field is left out by name."""

from __future__ import annotations

import pytest

from service.openapi30.schemas import flat

COMPONENTS = {
    "Row": {
        "type": "object",
        "description": "A row.",
        "properties": {"id": {"type": "string"}, "status": {"const": "ok", "type": "string"}},
        "required": ["id", "status"],
    },
    "Failed": {
        "type": "object",
        "properties": {"status": {"const": "failed", "type": "string"}, "why": {"type": "string"}},
        "required": ["status"],
    },
    "Tree": {
        "type": "object",
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
        },
    },
    "Anything": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]},
}
ROW, FAILED, TREE, ANYTHING = (
    {"$ref": f"#/components/schemas/{name}"} for name in ("Row", "Failed", "Tree", "Anything")
)
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["integer", "number"]}, {"type": "number"}),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, {"type": "number"}),
        (
            {"anyOf": [{"type": "string", "format": "date-time"}, NULL], "default": None},
            {"format": "date-time", "type": "string", "nullable": True},
        ),
        (
            {"anyOf": [{"enum": ["low", "high"], "type": "string"}, NULL], "description": "Band."},
            {"description": "Band. One of: low or high.", "type": "string", "nullable": True},
        ),
        ({"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        (
            {"anyOf": [{"const": "a"}, {"const": "b"}]},
            {"type": "string", "enum": ["a", "b"]},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1},
        ),
        (
            {"type": "string", "examples": ["c-1", "c-2"]},
            {"example": "c-1", "type": "string"},
        ),
        ({**ROW, "description": "Beside."}, ROW),
        ({"allOf": [ROW], "description": "Beside."}, ROW),
        (TREE, TREE),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"minItems": 1, "type": "array", "items": {"type": "string"}},
        ),
    ],
    ids=str,
)
def test_a_schema_is_said_in_words_of_3_0(schema, expected):
    assert flat(schema, COMPONENTS) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "number"}, {"type": "string"}, NULL]},
        {"type": ["number", "string"]},
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"type": "array", "items": {}},
        {"anyOf": [ROW, {"type": "string"}]},
        ANYTHING,
        NULL,
        {},
    ],
    ids=str,
)
def test_what_changes_its_type_has_no_flat_form(schema):
    assert flat(schema, COMPONENTS) is None


def test_fields_without_a_flat_form_are_left_out_by_name():
    schema = {
        "type": "object",
        "description": "A reason.",
        "properties": {
            "text": {"type": "string"},
            "value": {},
            "metrics": ANYTHING,
            "calls/month": {"type": "number"},
        },
        "required": ["text", "value"],
        "additionalProperties": False,
    }
    assert flat(schema, COMPONENTS) == {
        "description": "A reason. Also, though without one plain type or name: value, "
        "metrics, calls/month.",
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    }


def test_a_union_of_objects_is_one_with_the_fields_of_all():
    made = flat({"anyOf": [ROW, FAILED]}, COMPONENTS)
    assert made is not None
    assert made["properties"]["status"]["enum"] == ["ok", "failed"]
    assert list(made["properties"]) == ["id", "status", "why"]
    assert made["required"] == ["status"]


def test_all_of_several_objects_requires_what_each_does():
    made = flat(
        {"allOf": [ROW, {"type": "object", "properties": {"n": {"type": "integer"}}}]}, COMPONENTS
    )
    assert made is not None
    assert made["required"] == ["id", "status"]


def test_an_optional_object_is_left_out_and_a_required_one_may_be_null():
    both = {"anyOf": [ROW, NULL]}
    properties = {"optional": both, "required": both}
    made = flat({"type": "object", "properties": properties, "required": ["required"]}, COMPONENTS)
    assert made is not None
    assert made["properties"]["optional"] == ROW
    assert made["properties"]["required"]["nullable"] is True
    assert made["properties"]["required"]["type"] == "object"


def test_nothing_that_is_given_is_changed():
    before = repr(COMPONENTS)
    flat({"anyOf": [ROW, FAILED]}, COMPONENTS)
    assert repr(COMPONENTS) == before
