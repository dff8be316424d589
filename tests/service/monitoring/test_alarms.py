"""Alarms and panels ask for what the service tells, and the first failure raises its alarm, too."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from ebbtide.store.store import StoreOutcomeUnknown, StoreUnavailable
from service.app import create_app
from service.metrics import BORN_AT_ZERO
from service.monitoring.watch import DriftWatch
from service.settings import read_settings
from small_model import KEY, NAMES, NOW, reference_rows

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "ebbtide.rules.yml"
LISTED = [
    rule
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = json.loads((DEPLOY / "grafana" / "ebbtide.json").read_text(encoding="utf-8"))["panels"]
ASKED = [
    *((rule.get("alert") or rule["record"], rule["expr"]) for rule in LISTED),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]
RECORDED = {rule["record"] for rule in LISTED if "record" in rule}
SELECTED = re.compile(r"\b((?:ebbtide_|ebbtide:|process_)[\w:]+)(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"instance", "job"}
TOLD_OF = {
    "rows": "ebbtide_rows_total",
    "problems": "ebbtide_problems_total",
    "events": "ebbtide_events_total",
    "rescored": "ebbtide_rescored_total",
    "jobs": "ebbtide_jobs_total",
    "rejected": "ebbtide_rejected_requests_total",
}


def told(client):
    """Return every sample of /metrics by its name with labels."""
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


@pytest.mark.parametrize("counter", BORN_AT_ZERO)
def test_what_may_happen_is_counted_from_zero_on(client, counter):
    name = TOLD_OF[counter]
    told_now = {key: value for key, value in told(client).items() if key.startswith(f"{name}{{")}
    labels = {re.fullmatch(r'.*\{\w+="([\w-]+)"\}', key).group(1) for key in told_now}
    assert labels == set(BORN_AT_ZERO[counter])
    assert set(told_now.values()) == {0.0}


@pytest.fixture(scope="module")
def told_after_work(make_bundle, tmp_path_factory):
    """Return each label of each sample of a service that has scored and measured drift."""
    folder = tmp_path_factory.mktemp("told")
    project_file = folder / "ebbtide.toml"
    project_file.write_text(
        '[project]\nname = "test"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    settings = read_settings(project_file=project_file, bundle_key=KEY.decode())
    store = open_store(f"sqlite:///{folder}/store.db", folder=folder)
    bundle = read_bundle(make_bundle(), key=KEY)
    dated = {**bundle.manifest, "lineage": {"trained_as_of": "2026-01-01"}}
    app = create_app(settings, model=replace(bundle, manifest=dated), store=store, now=lambda: NOW)
    with TestClient(app) as client, closing(store):
        rows = [
            {"customer_id": str(place), "features": dict(zip(NAMES, row, strict=True))}
            for place, row in enumerate(np.nan_to_num(reference_rows(200)).tolist())
        ]
        assert client.post("/v1/scores", json={"rows": rows}).status_code == 200
        assert client.post("/v1/score", json=rows[0]).status_code == 200
        DriftWatch(app.state.desk).look()
        text = client.get("/metrics").text
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


@pytest.mark.parametrize(("where", "expression"), ASKED)
def test_rules_and_panels_ask_for_samples_and_labels_that_the_service_tells(
    told_after_work, where, expression
):
    grouped = [
        each for by in re.findall(r"by \(([\w, ]+)\)", expression) for each in by.split(", ")
    ]
    labels = set()
    for name, selectors in SELECTED.findall(expression):
        if name in RECORDED:
            continue
        assert name in told_after_work, where
        labels |= set(told_after_work[name])
        for label, match, value in re.findall(r'(\w+)(=~|=)"([^"]*)"', selectors):
            if label in OF_PROMETHEUS or (label, match) == ("status", "=~"):
                continue
            assert value in told_after_work[name][label], where
    assert set(grouped) <= labels | OF_PROMETHEUS, where


@pytest.mark.parametrize(
    "names",
    [
        ("ebbtide_requests_in_flight", "ebbtide_requests_limit"),
        ("ebbtide_score_drift_psi", "ebbtide_score_drift_psi_threshold"),
        ("ebbtide_score_drift_ks", "ebbtide_score_drift_ks_threshold"),
        *(
            (f"ebbtide_feature_drift_{measure}", f"ebbtide_feature_drift_{measure}_threshold")
            for measure in ("psi", "ks", "missing")
        ),
    ],
    ids=lambda names: names[0],
)
def test_the_dashboard_shows_what_counts_beside_its_limit_in_one_panel(names):
    shown = [
        {name for target in panel["targets"] for name, _ in SELECTED.findall(target["expr"])}
        for panel in PANELS
    ]
    assert any(set(names) <= each for each in shown)


def test_no_panel_covers_another_or_bears_its_number():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    places = [
        (x, y)
        for at in (panel["gridPos"] for panel in PANELS)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) < 24


def failing_once(settings, bundle, tmp_path):
    """Return what is told before and after one group of changes that could not be committed."""
    store = open_store(f"sqlite:///{tmp_path}/store.db", folder=tmp_path, busy_seconds=0.05)
    app = create_app(settings, model=bundle, store=store, now=lambda: NOW)
    with TestClient(app) as client, closing(store):
        before = told(client)
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                store.database.write(lambda connection: None, deed="write nothing")
        return before, told(client)


def played(tmp_path, *, alarm, series, at):
    """Return whether an alarm is raised at minutes of given scrapes."""
    shutil.copy(RULES, tmp_path / RULES.name)
    cases = [{"eval_time": f"{at}m", "alertname": alarm, "exp_alerts": []}]
    inputs = [
        {"series": name, "values": " ".join(map(str, values))} for name, values in series.items()
    ]
    file = tmp_path / "played.yml"
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": cases}
    file.write_text(
        yaml.safe_dump({"rule_files": [RULES.name], "evaluation_interval": "1m", "tests": [test]})
    )
    done = subprocess.run(
        ["promtool", "test", "rules", file.name], cwd=tmp_path, capture_output=True, check=False
    )
    is_silent = done.returncode == 0
    assert is_silent or b"got:[" in done.stdout + done.stderr, done.stderr
    return not is_silent


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_first_commit_that_fails_raises_the_alarm(settings, bundle, tmp_path):
    """Scraped before it failed, and for the first time after."""
    name = "ebbtide_store_write_failures_total"
    before, after = (each[name] for each in failing_once(settings, bundle, tmp_path))
    assert (before, after) == (0.0, 1.0)
    seen = {'up{job="ebbtide",instance="a"}': [1] * 20}
    series = f'{name}{{job="ebbtide",instance="a"}}'
    alarm = "EbbtideStoreFails"
    fails_later = seen | {series: [before] * 6 + [after] * 14}
    fails_at_once = seen | {series: ["_"] * 6 + [after] * 14}
    never_fails = seen | {series: [before] * 20}
    assert played(tmp_path, alarm=alarm, series=fails_later, at=8)
    assert played(tmp_path, alarm=alarm, series=fails_at_once, at=8)
    assert not played(tmp_path, alarm=alarm, series=fails_at_once, at=18)
    assert not played(tmp_path, alarm=alarm, series=never_fails, at=8)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize("path", ["/v1/score", "/v1/scores"])
def test_a_commit_whose_end_nobody_knows_raises_the_alarm(
    settings, bundle, store, monkeypatch, tmp_path, path
):
    def failing(*_given, **_more):
        raise StoreOutcomeUnknown("record it")

    name = 'ebbtide_problems_total{kind="store-outcome-unknown"}'
    row = {"customer_id": "1", "features": dict.fromkeys(NAMES, 1.0)}
    monkeypatch.setattr(store, "add_predictions", failing)
    app = create_app(settings, model=bundle, store=store, now=lambda: NOW)
    with TestClient(app) as client:
        before = told(client)[name]
        answer = client.post(path, json=row if path == "/v1/score" else {"rows": [row]})
        after = told(client)[name]
    assert (answer.status_code, before, after) == (503, 0.0, 1.0)
    series = name.replace("{", '{job="ebbtide",instance="a",')
    alarm = "EbbtideStoreFails"
    assert played(tmp_path, alarm=alarm, series={series: [before] * 6 + [after] * 14}, at=8)
    assert not played(tmp_path, alarm=alarm, series={series: [before] * 20}, at=8)
