"""Every setting, endpoint, field, problem and metric is in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebbtide.answer.answer import ABSTAIN, WARNINGS
from service.describing.shapes import DriverGroupShape, DriverShape, DriversShape
from service.looking_up.shapes import DifferenceShape, History, ReasonChangeShape, ScoreList
from service.problems import KINDS
from service.scoring.row import ROW_NAMES
from service.scoring.shapes import AnswerShape, ReasonShape
from service.settings import Settings
from service.what_if.shapes import ChangeShape, WhatIfAnswer

DOCS = Path(__file__).parents[2] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", WARNINGS)
def test_each_warning_is_documented(code):
    assert f"| `{code}` |" in API


@pytest.mark.parametrize("code", ABSTAIN)
def test_each_abstention_is_documented(code):
    section = API.partition("### Abstentions")[2].partition("\n#")[0]
    assert f"| `{code}` |" in section
    assert code in (AnswerShape.model_fields["abstain_code"].description or "")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_documented(name):
    assert f"`EBBTIDE_{name.upper()}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*AnswerShape.model_fields, *ROW_NAMES])
def test_each_field_is_documented(name):
    assert f"`{name}`" in API


@pytest.mark.parametrize(("kind", "status"), [(kind, KINDS[kind][0]) for kind in KINDS])
def test_each_problem_is_documented(kind, status):
    assert f"| `{kind}` | {status} |" in API


@pytest.mark.parametrize("name", [*WhatIfAnswer.model_fields, *ChangeShape.model_fields])
def test_each_field_of_what_if_is_documented(name):
    section = API.partition("## What-if")[2].partition("\n## ")[0]
    assert f"`{name}`" in section


@pytest.mark.parametrize(
    "name",
    [
        *History.model_fields,
        *DifferenceShape.model_fields,
        *ReasonChangeShape.model_fields,
        *ScoreList.model_fields,
        "updated_at",
    ],
)
def test_each_field_of_looking_up_is_documented(name):
    section = API.partition("## Looking up")[2].partition("\n## ")[0]
    assert f"`{name}`" in section


@pytest.mark.parametrize(
    "name",
    [*DriversShape.model_fields, *DriverShape.model_fields, *DriverGroupShape.model_fields],
)
def test_each_field_of_the_drivers_is_documented(name):
    page = (DOCS / "explanation.md").read_text(encoding="utf-8")
    assert f"`{name}`" in page.partition("## Drivers")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", ReasonShape.model_fields)
def test_each_field_of_a_reason_is_documented(name):
    (line,) = (line for line in API.splitlines() if line.startswith("| `reasons` |"))
    assert f"`{name}`" in line


def test_each_endpoint_is_documented(client):
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in API


def test_each_metric_is_documented(client):
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("# TYPE") and not line.split()[2].endswith("_created"):
            assert f"`{line.split()[2]}`" in API
