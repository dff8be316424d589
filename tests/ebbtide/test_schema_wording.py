"""What a schema says is put into our words, and no value is told."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import BaseModel, ValidationError

from ebbtide.policy.file import _PolicyFile
from ebbtide.project import Project
from ebbtide.schema_wording import PATTERNS_IN_WORDS, fault_in_words

GOOD = {
    "project": {"name": "shop", "currency": "EUR"},
    "tables": {"transactions": {"path": "t.csv"}},
}

FAULTS = [
    ({"project": {"name": "shop"}}, "expected, and not there; add it"),
    ({"project": {"name": 3, "currency": "EUR"}}, "expected a text, got a whole number; write it"),
    ({"project": {"name": "canary", "currency": "eu"}}, "expected three capital letters, such as"),
    ({"project": {"name": "canary!", "currency": "EUR"}}, "expected 1 to 63 small letters, digits"),
    ({"churn": {"horizon_days": "canary"}}, "expected a whole number, got a text; write digits"),
    ({"churn": {"horizon_days": 9.5}}, "expected a whole number, got a number; write digits"),
    ({"churn": {"horizon_days": True}}, "expected a whole number, got true or false"),
    ({"churn": {"horizon_days": 0}}, "expected 1 or more, got a whole number that is not so"),
    ({"churn": {"horizon_days": 9999}}, "expected 3650 or less, got a whole number that is not"),
    ({"churn": {"kind": "canary"}}, "expected 'inactivity' or 'contract_end', got a text"),
    ({"churn": 3}, "expected a section, got a whole number; write its keys below [churn]"),
    ({"evaluation": {"clv": "canary"}}, "expected a number, got a text; write it without quotes"),
    ({"evaluation": {"capacity_share": 0.0}}, "expected more than 0, got a number that is not so"),
    ({"training": {"monotone": "canary"}}, "expected true or false, got a text; write it without"),
    ({"training": {"candidates": "canary"}}, "expected a list, got a text; write it in brackets"),
    ({"training": {"candidates": []}}, "expected at least 1 item(s), got a list that is not so"),
    ({"training": {"risk_days": list(range(1, 14))}}, "expected at most 12 item(s), got a list"),
    ({"project": {"name": "x", "currency": "EUR", "time_zone": "Mars"}}, "Expected an IANA time"),
]


@pytest.mark.parametrize(("changed", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_a_fault_says_what_was_expected_what_came_and_what_to_do(changed, said) -> None:
    with pytest.raises(ValidationError) as raised:
        Project.model_validate(GOOD | changed)
    [fault] = raised.value.errors()
    found = fault_in_words(".".join(map(str, fault["loc"])), fault)
    assert found.startswith(said)
    assert "canary" not in found


@pytest.mark.parametrize("schema", [Project, _PolicyFile])
def test_every_pattern_of_a_file_has_words(schema: type[BaseModel]) -> None:
    patterns = re.findall(r'"pattern": ("[^"]*")', json.dumps(schema.model_json_schema()))
    assert {json.loads(pattern) for pattern in patterns} <= set(PATTERNS_IN_WORDS)
    assert patterns
