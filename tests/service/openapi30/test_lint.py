"""Each rule is broken by a document that is otherwise good."""

from __future__ import annotations

from copy import deepcopy

import pytest

from service.openapi30.lint import RULES, lint

JSON = "application/json"
FIELD = {"type": "string", "description": "A field."}


def good():
    answer = {"type": "object", "properties": {"id": deepcopy(FIELD)}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1", "description": "A shop."},
        "paths": {
            "/v1/things/{id}": {
                "get": {
                    "operationId": "read_thing",
                    "summary": "Read a thing",
                    "description": "Read one thing.",
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "description": "Which.",
                            "schema": {"type": "string"},
                        }
                    ],
                    "responses": {
                        "200": {"description": "Good.", "content": {JSON: {"schema": answer}}}
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {"type": "object", "properties": {"field": deepcopy(FIELD)}},
                "Other": {"type": "object", "properties": {"field": deepcopy(FIELD)}},
            }
        },
    }


def operation(document):
    return document["paths"]["/v1/things/{id}"]["get"]


def field(document):
    return document["components"]["schemas"]["Thing"]["properties"]["field"]


def renamed(document, old, new):
    schemas = document["components"]["schemas"]
    schemas[new] = schemas.pop(old)


def second(document):
    document["paths"]["/v1/others/{id}"] = deepcopy(document["paths"]["/v1/things/{id}"])


def also_csv(document):
    content = operation(document)["responses"]["200"]["content"]
    content["text/csv"] = content[JSON]


def many(document):
    document["components"]["schemas"]["Thing"]["properties"] = {f"f{n}": FIELD for n in range(512)}


BROKEN = [
    ("version", lambda d: d.update(openapi="3.1.0")),
    ("size", lambda d: d.update(tags=[{"name": "x" * 1_000_000}])),
    ("title", lambda d: d["info"].update(title="Shop API")),
    ("title", lambda d: d["info"].update(title="x" * 31)),
    ("title", lambda d: d["info"].pop("description")),
    ("only-json", also_csv),
    ("operation-id", lambda d: operation(d).update(operationId="x" * 41)),
    ("operation-id", lambda d: operation(d).pop("operationId")),
    ("operation-id", lambda d: operation(d).update(operationId="read__thing")),
    ("operation-id", second),
    ("names", lambda d: renamed(d, "Other", "Other-Input")),
    ("names", lambda d: d["components"]["schemas"]["Thing"]["properties"].update({"1st": FIELD})),
    ("summary", lambda d: operation(d).update(summary="Read a/thing")),
    ("summary", lambda d: operation(d).update(summary="Read a thing.")),
    ("summary", lambda d: operation(d).pop("summary")),
    ("summary", lambda d: operation(d).update(summary="x" * 81)),
    ("description", lambda d: operation(d).pop("description")),
    ("description", lambda d: operation(d)["parameters"][0].update(description="x" * 1_334)),
    ("field-description", lambda d: field(d).pop("description")),
    ("no-unions", lambda d: field(d).update(anyOf=[{"type": "string"}])),
    ("no-unions", lambda d: field(d).update(allOf=[{"type": "string"}])),
    ("no-newer-words", lambda d: field(d).update(const="x")),
    ("no-newer-words", lambda d: field(d).update(exclusiveMinimum=1)),
    ("no-newer-words", lambda d: field(d).update(enum=["a", None])),
    ("one-type", lambda d: field(d).update(type=["string", "null"])),
    ("one-type", lambda d: field(d).update(type="null")),
    ("one-type", lambda d: field(d).pop("type")),
    ("one-type", lambda d: field(d).update(type="array")),
    ("one-type", lambda d: field(d).update(type="object")),
    (
        "one-type",
        lambda d: field(d).update(type="array", items={"type": "array", "items": FIELD}),
    ),
    ("no-maps", lambda d: d["components"]["schemas"]["Thing"].update(additionalProperties=FIELD)),
    ("bare-references", lambda d: field(d).update({"$ref": "#/components/schemas/Other"})),
    ("bare-references", lambda d: field(d).clear() or field(d).update({"$ref": "#/none"})),
    ("path-parameters", lambda d: operation(d).pop("parameters")),
    ("path-parameters", lambda d: operation(d)["parameters"][0].update(name="other")),
    (
        "single-parameters",
        lambda d: operation(d)["parameters"][0].update(schema={"type": "array", "items": FIELD}),
    ),
    ("object-answers", lambda d: operation(d).update(responses={"422": {"description": "Bad."}})),
    (
        "object-answers",
        lambda d: operation(d)["responses"]["200"].update(content={JSON: {"schema": FIELD}}),
    ),
    ("no-get-bodies", lambda d: operation(d).update(requestBody={"content": {}})),
    ("few-schemas", many),
]


def test_a_good_document_breaks_no_rule():
    assert lint(good()) == []


@pytest.mark.parametrize(("rule", "breaks"), BROKEN, ids=[rule for rule, _ in BROKEN])
def test_a_violation_is_found(rule, breaks):
    document = good()
    breaks(document)
    assert {finding.rule for finding in lint(document)} == {rule}


def test_each_rule_can_be_broken_and_names_its_source():
    assert {rule.name for rule in RULES} == {rule for rule, _ in BROKEN}
    assert all(rule.source for rule in RULES)
