"""Every setting, endpoint, field, problem and metric is in the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ebbtide.answer.answer import ABSTAIN, WARNINGS
from ebbtide.drift.verdicts import Verdict
from service.describing.shapes import DriverGroupShape, DriverShape, DriversShape
from service.looking_up.shapes import DifferenceShape, History, ReasonChangeShape, ScoreList
from service.monitoring.routes import NOTES
from service.monitoring.shapes import CountShape, DriftShape, MonitoringShape, ScoreBinShape
from service.monitoring.watch import DriftWatch
from service.problems import KINDS
from service.scoring.row import ROW_NAMES
from service.scoring.shapes import AnswerShape, ReasonShape
from service.settings import Settings
from service.what_if.shapes import ChangeShape, WhatIfAnswer

DOCS = Path(__file__).parents[2] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
MONITORING = (DOCS / "monitoring.md").read_text(encoding="utf-8")


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
    answer = API.partition("## An answer")[2].partition("\n## ")[0]
    (line,) = (line for line in answer.splitlines() if line.startswith("| `reasons` |"))
    assert f"`{name}`" in line


def test_each_endpoint_is_documented(client):
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in API


def test_each_metric_is_documented_and_no_other(client, app):
    DriftWatch(app.state.desk).look()
    text = client.get("/metrics").text
    named = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    table = MONITORING.partition("## Metrics")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert {name for name in named if not name.endswith("_created")} <= documented
    only_sometimes = {
        *("ebbtide_registry_answered_timestamp_seconds", "ebbtide_model_trained_timestamp_seconds"),
        *(name for name in documented if "_drift_" in name),  # where there are enough customers
    }
    assert documented - named <= only_sometimes


@pytest.mark.parametrize(
    "name",
    [
        *MonitoringShape.model_fields,
        *DriftShape.model_fields,
        *ScoreBinShape.model_fields,
        *CountShape.model_fields,
        *NOTES,
        *get_args(Verdict),
    ],
)
def test_each_field_of_monitoring_is_documented(name):
    assert f"`{name}`" in MONITORING.partition("## Drift")[2].partition("\n## ")[0]
