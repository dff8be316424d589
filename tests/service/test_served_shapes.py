"""Features have the type that the service takes, and no category of a company is told."""

from __future__ import annotations

import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.words import Words
from service.scoring.served_shapes import feature_schema, served_schemas


def feature(name="x", *, learned=None, when_null=None, low=None, high=None):
    return FeatureContract(
        name=name,
        family="monetary",
        table="customers",
        unit="days",
        meaning="What it is",
        reason=Words("{value}", "{value}"),
        cause="disengagement",
        learned=learned,
        when_null=when_null,
        low=low,
        high=high,
    )


PLAN = Learned(kind="category", categories=("basic", "gold"))
SIGNED = Learned(kind="flag", categories=("No", "Yes"))
AGE = Learned(kind="number", low=18.0, high=90.0)


@pytest.mark.parametrize(
    ("learned", "expected"),
    [(None, "number"), (AGE, "number"), (PLAN, "string"), (SIGNED, "boolean")],
    ids=["catalogue", "number", "category", "flag"],
)
def test_a_feature_has_the_type_that_is_taken(learned, expected):
    assert feature_schema(feature(learned=learned))["type"] == expected


def test_a_feature_that_may_be_missing_may_be_null_and_says_what_that_means():
    schema = feature_schema(feature(when_null=Words("Bought nothing", "未购买"), low=0.0, high=1.0))
    assert schema == {
        "type": ["number", "null"],
        "minimum": 0.0,
        "maximum": 1.0,
        "description": "What it is. Unit: days. Missing means: Bought nothing.",
    }


def test_what_was_learned_of_numbers_is_no_limit():
    assert "minimum" not in feature_schema(feature(learned=AGE))


def test_categories_are_not_told():
    assert "gold" not in str(served_schemas([feature(learned=PLAN)]))


def test_without_a_model_features_are_any_object():
    assert served_schemas(None)["Features"]["type"] == "object"
    assert "properties" not in served_schemas(None)["Features"]
