"""The document in version 3.0 is valid, is what CRM systems read, and stays true."""

from __future__ import annotations

import pytest
from jsonschema import Draft4Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from service.openapi30.document import lowered
from service.openapi30.lint import lint

JSON = "application/json"


def operation(**parts):
    answer = {"type": "object", "properties": {"id": {"type": "string", "description": "Id."}}}
    content = {"content": {JSON: {"schema": answer}}}
    return {
        "operationId": "ask",
        "summary": "Ask",
        "description": "Ask something.",
        "responses": {"200": {"description": "Good.", **content}},
        **parts,
    }


def document(item, path="/v1/things/{id}"):
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1", "summary": "A shop."},
        "paths": {path: item},
    }


@pytest.fixture
def made(client):
    return client.get("/openapi-3.0.json").json()


def test_both_documents_are_valid(app, made):
    OpenAPIV31SpecValidator(app.openapi()).validate()
    OpenAPIV30SpecValidator(made).validate()


def test_crm_systems_can_read_every_word(made):
    assert lint(made) == []


def test_operations_that_speak_no_json_are_left_out_by_name(made):
    assert "/metrics" not in made["paths"]
    assert "/v1/model/card" not in made["paths"]
    assert "GET /metrics" in made["info"]["description"]
    assert "GET /v1/model/card" in made["info"]["description"]


def test_every_other_operation_is_there(app, made):
    for path, item in app.openapi()["paths"].items():
        for method, each in item.items():
            if f"{method.upper()} {path}" not in made["info"]["description"]:
                assert made["paths"][path][method]["operationId"] == each["operationId"]


def test_problems_are_described_as_json(made):
    problem = made["paths"]["/v1/score"]["post"]["responses"]["422"]["content"]
    assert problem == {JSON: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}


def test_each_feature_is_a_typed_property(made, bundle):
    features = made["components"]["schemas"]["Features"]["properties"]
    assert [features[each.name]["type"] for each in bundle.scorer.features] == ["number"] * 7
    row = made["components"]["schemas"]["ScoreRequest"]["properties"]
    assert row["features"] == {"$ref": "#/components/schemas/Features"}


def test_without_a_model_it_is_valid_and_features_are_any_object(app, client):
    app.state.desk.supply.current = None
    made = client.get("/openapi-3.0.json").json()
    OpenAPIV30SpecValidator(made).validate()
    assert {finding.where for finding in lint(made)} == {
        "/components/schemas/Features",
        "/components/schemas/Changes",
    }


def test_it_follows_the_model(app, client, made):
    assert client.get("/openapi-3.0.json").json() == made
    app.state.desk.supply.current = None
    features = client.get("/openapi-3.0.json").json()["components"]["schemas"]["Features"]
    assert "properties" not in features


def test_real_answers_fit_what_is_described(client, made):
    row = {"customer_id": "c-1", "events": {"complaints": []}}
    good = {"customer_id": "c-1", "features": {"recency_days": -1}}
    answer = client.post("/v1/scores", json={"rows": [row, good]}).json()
    asked = [("/v1/scores", "post", answer)]
    asked += [(path, "get", client.get(path).json()) for path in ("/v1/model", "/v1/schema")]
    for path, method, content in asked:
        described = made["paths"][path][method]["responses"]["200"]["content"][JSON]["schema"]
        whole = {**_with_null(described), "components": _with_null(made["components"])}
        assert list(Draft4Validator(whole).iter_errors(content)) == []


def _with_null(schema):
    """Say ``nullable`` as JSON Schema does."""
    if isinstance(schema, list):
        return [_with_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _with_null(each) for name, each in schema.items()}
    return {**made, "type": [made["type"], "null"]} if made.pop("nullable", None) is True else made


@pytest.mark.parametrize(
    "parts",
    [
        {"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        {"responses": {"200": {"description": "Good.", "content": {"text/csv": {}}}}},
        {
            "responses": {
                "200": {
                    "description": "A list.",
                    "content": {JSON: {"schema": {"type": "array", "items": {"type": "string"}}}},
                }
            }
        },
        {"parameters": [{"name": "x", "in": "query", "required": True, "schema": {}}]},
    ],
    ids=["takes csv", "gives csv", "gives a list", "needs an untyped parameter"],
)
def test_an_operation_that_cannot_be_told_is_named(parts):
    made = lowered(document({"get": operation(**parts)}, path="/v1/things"))
    assert made["paths"] == {}
    assert "GET /v1/things" in made["info"]["description"]


def test_an_operation_that_also_takes_json_stays():
    body = {"text/csv": {}, JSON: {"schema": {"type": "object", "properties": {}}}}
    made = lowered(document({"post": operation(requestBody={"content": body})}))
    assert list(made["paths"]["/v1/things/{id}"]["post"]["requestBody"]["content"]) == [JSON]


def test_parameters_are_single_values_and_null_is_left_out():
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Which."}
    many = {"name": "many", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
    one = {"name": "id", "in": "path", "required": True, "schema": schema}
    made = lowered(document({"get": operation(parameters=[many]), "parameters": [one]}))
    assert made["paths"]["/v1/things/{id}"]["get"]["parameters"] == [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "Which.",
            "schema": {"type": "string"},
        }
    ]


def test_an_answer_without_a_body_stays():
    made = lowered(document({"delete": operation(responses={"204": {"description": "Gone."}})}))
    assert made["paths"]["/v1/things/{id}"]["delete"]["responses"]["204"] == {
        "description": "Gone."
    }


def test_ways_to_sign_in_are_kept_where_3_0_knows_them():
    given = document({"get": operation()})
    key = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
    given["components"] = {"securitySchemes": {"key": key, "tls": {"type": "mutualTLS"}}}
    made = lowered({**given, "security": [{"key": []}]})
    assert made["components"]["securitySchemes"] == {"key": key}
    assert made["security"] == [{"key": []}]
