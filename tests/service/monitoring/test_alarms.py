"""Alarms are raised by what the service tells, the first time that something fails, too."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from ebbtide.store.sql import open_store
from ebbtide.store.store import StoreUnavailable
from service.app import create_app
from service.metrics import BORN_AT_ZERO
from small_model import NOW

RULES = Path(__file__).parents[3] / "deploy" / "prometheus" / "ebbtide.rules.yml"
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
