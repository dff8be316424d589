"""The OpenAPI document follows the model that is served."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebbtide.bundle.read import read_bundle
from service.champion.supply import Served

REF = "#/components/schemas/"
PROBLEM = "application/problem+json"
KEY = b"a key for tests"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


@pytest.fixture
def schemas(document):
    return document["components"]["schemas"]


def test_each_feature_of_the_served_model_is_a_typed_property(schemas, bundle):
    features = schemas["Features"]["properties"]
    assert list(features) == [feature.name for feature in bundle.scorer.features]
    assert features["recency_days"]["type"] == "number"
    assert features["recency_days"]["minimum"] == 0
    assert features["complaint_open_days"]["type"] == ["number", "null"]
    assert all(feature["description"] for feature in features.values())


def test_features_that_are_never_null_are_required_but_changes_are_not(schemas, bundle):
    never_null = [each.name for each in bundle.scorer.features if not each.is_nullable]
    assert schemas["Features"]["required"] == never_null
    assert schemas["Changes"]["properties"] == schemas["Features"]["properties"]
    assert "required" not in schemas["Changes"]


def test_each_table_of_events_has_typed_columns(schemas):
    assert schemas["Events"]["properties"]["complaints"]["items"] == {"$ref": f"{REF}ComplaintsRow"}
    row = schemas["ComplaintsRow"]
    assert row["required"] == ["opened_at"]
    assert row["properties"]["opened_at"]["format"] == "date-time"
    assert row["properties"]["severity"]["type"] == ["number", "null"]
    assert schemas["SurveysRow"]["properties"]["metric"]["enum"] == ["csat", "nps", "ces"]


def test_requests_refer_to_them(schemas):
    row = schemas["ScoreRequest"]["properties"]
    assert row["features"]["anyOf"] == [{"$ref": f"{REF}Features"}, {"type": "null"}]
    assert row["events"]["anyOf"] == [{"$ref": f"{REF}Events"}, {"type": "null"}]
    assert schemas["WhatIfRequest"]["properties"]["changes"]["$ref"] == f"{REF}Changes"
    assert not [name for name, schema in schemas.items() if "x-ebbtide" in str(schema)]


def test_another_model_makes_another_document(app, make_bundle):
    supply = app.state.desk.supply
    before = app.openapi()
    supply.current = None
    assert "properties" not in app.openapi()["components"]["schemas"]["Features"]
    other = read_bundle(make_bundle(1.0), key=KEY)
    supply.current = Served(bundle=other, source="given", registry_version=None, loaded_at=NOW)
    assert app.openapi() is not before
    assert app.openapi() == before


def test_every_problem_is_described_as_one(document, schemas):
    assert not [name for name in schemas if "ValidationError" in name]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if status >= "400" and path != "/readyz":
                    assert list(response["content"]) == [PROBLEM], (method, path, status)


def test_the_document_is_made_once_for_a_model(app):
    assert app.openapi() is app.openapi()
