"""The document in version 2.0 is valid and says what the one in 3.0 says."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator


@pytest.fixture
def made(client):
    return client.get("/openapi-2.0.json").json()


def test_it_is_valid(made):
    OpenAPIV2SpecValidator(made).validate()


def test_it_has_the_same_operations(client, made):
    other = client.get("/openapi-3.0.json").json()
    assert {p: set(item) for p, item in made["paths"].items()} == {
        p: set(item) for p, item in other["paths"].items()
    }
    assert made["definitions"].keys() == other["components"]["schemas"].keys()


def test_a_body_is_a_parameter_and_names_are_headings(made):
    (body,) = (
        each for each in made["paths"]["/v1/score"]["post"]["parameters"] if each["in"] == "body"
    )
    assert body["schema"] == {"$ref": "#/definitions/ScoreRequest"}
    score = made["definitions"]["AnswerShape"]["properties"]["churn_score"]
    assert (score["x-ms-summary"], score["x-nullable"]) == ("Churn Score", True)


def test_who_asks_is_told_by_a_key_in_a_header(made):
    (scheme,) = made["securityDefinitions"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Api-Key")
    (name,) = made["securityDefinitions"]
    assert made["paths"]["/v1/score"]["post"]["security"] == [{name: []}]


def test_no_word_of_3_0_is_left(made):
    assert "nullable" not in str(made).replace("x-nullable", "").replace("is_nullable", "")
    assert "#/components" not in str(made)
