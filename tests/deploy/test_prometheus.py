"""What is given to Prometheus and Grafana speaks of metrics that there are, and alarms work."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((PROMETHEUS / "ebbtide.rules.yml").read_text(encoding="utf-8"))
LISTED = [rule for group in RULES["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in LISTED if "alert" in rule}
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "ebbtide.json").read_text(encoding="utf-8"))
RUNBOOK = "https://runbook.invalid/monitoring.md"
ANCHORS = {
    heading.lower().replace(" ", "-")
    for heading in re.findall(r"^#+ ([\w -]+)$", MONITORING, re.MULTILINE)
}
"""Of the page's headings, as forges and most wikis make them."""

NAME = re.compile(r"\b(?:ebbtide_|ebbtide:|process_|python_)[\w:]+")

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def run(*words, text=None):
    return subprocess.run(
        ["promtool", *words],
        cwd=PROMETHEUS,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def documented():
    """Metrics by the page, which another test compares with the code."""
    table = MONITORING.partition("## Metrics")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def asked_for():
    """Every expression of rules and dashboard."""
    yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in LISTED)
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), list(asked_for()))
def test_only_metrics_are_asked_for_that_there_are(where, expression):
    known = documented() | {rule["record"] for rule in LISTED if "record" in rule}
    for name in NAME.findall(expression):
        assert name in known or name.removesuffix("_bucket") in known, where


@pytest.mark.parametrize("name", ALERTS)
def test_each_alarm_says_how_grave_it_is_and_what_to_do(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOK}#{name.lower()}"
    assert name.lower() in ANCHORS


def test_one_command_leads_all_alarms_to_where_the_runbook_is_kept(tmp_path):
    command = next(line.strip() for line in MONITORING.splitlines() if "sed -i" in line)
    assert command in (PROMETHEUS / "ebbtide.rules.yml").read_text(encoding="utf-8")
    for file in PROMETHEUS.glob("*.yml"):
        shutil.copy(file, tmp_path)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    for file in ("ebbtide.rules.yml", "ebbtide.rules.test.yml"):
        of_line = "\n".join(
            line
            for line in (tmp_path / file).read_text(encoding="utf-8").splitlines()
            if not line.startswith("#")
        )
        assert "runbook.invalid" not in of_line
        assert "https://wiki.example.com/ebbtide/monitoring.md#ebbtidedown" in of_line


def test_the_runbook_speaks_of_no_other_alarm():
    assert set(re.findall(r"^### (Ebbtide\w+)$", MONITORING, re.MULTILINE)) == set(ALERTS)


def test_each_alarm_is_played():
    played = yaml.safe_load((PROMETHEUS / "ebbtide.rules.test.yml").read_text(encoding="utf-8"))
    raised = {
        each["alertname"]
        for test in played["tests"]
        for each in test["alert_rule_test"]
        if each["exp_alerts"]
    }
    assert raised == set(ALERTS)


@promtool
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "ebbtide.rules.yml"),
        ("test", "rules", "ebbtide.rules.test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ],
    ids=["rules", "alarms", "config"],
)
def test_promtool_finds_nothing_wrong(words):
    done = run(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_reads_the_key_file_that_the_manual_makes():
    example = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    read = Path(example["scrape_configs"][0]["authorization"]["credentials_file"]).name
    assert f"--scope watch > {read}\n" in MONITORING
