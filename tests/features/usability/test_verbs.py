"""``check-data``: reports are written first, then errors end it; nothing that is read is lost."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ebbtide.cli import build_app
from ebbtide.errors import ContractError, SettingsError

HEAD = "customer_id,occurred_at,amount\n"
GOOD = HEAD + "c1,2025-05-01T10:00:00Z,9.50\n"
BAD = GOOD + "c2,2025-05-01T10:00:00Z,canary-9731\n"


@pytest.fixture
def check(shop, tmp_path):
    def run(rows: str, *options: str):
        shop(t_dot_csv=rows)
        config = str(tmp_path / "ebbtide.toml")
        return CliRunner().invoke(build_app(), ["check-data", "--config", config, *options])

    return run


def test_reports_are_written_beside_what_is_printed(check, tmp_path) -> None:
    html, file = tmp_path / "out" / "r.html", tmp_path / "out" / "r.json"
    ran = check(GOOD, "--html", str(html), "--json", str(file))
    assert ran.exit_code == 0, ran.output
    assert "1 table(s) keep their contract." in ran.stdout
    assert "Not enough to train: 0 days of log." in ran.stdout
    assert "missing: 292 more day(s) of log" in " ".join(ran.stdout.split())
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(file.read_text(encoding="utf-8"))["project"] == "shop"
    assert sorted(path.name for path in html.parent.iterdir()) == ["r.html", "r.json"]


def test_a_broken_table_is_reported_before_it_ends_the_check(check, tmp_path) -> None:
    file = tmp_path / "r.json"
    ran = check(BAD, "--json", str(file))
    assert isinstance(ran.exception, ContractError)
    assert "transactions.amount: holds values that are no money" in str(ran.exception)
    assert json.loads(file.read_text(encoding="utf-8"))["findings"][0]["severity"] == "error"
    assert "canary" not in ran.output + str(ran.exception) + file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["--html", "report.pdf"], "--html to end in .html", id="html"),
        pytest.param(["--json", "report.html"], "--json to end in .json", id="json"),
    ],
)
def test_another_suffix_is_refused_before_anything_is_read(check, options, words) -> None:
    ran = check("", *options)
    assert isinstance(ran.exception, SettingsError)
    assert words in str(ran.exception)


def test_a_report_never_takes_the_place_of_a_table(tmp_path) -> None:
    table = tmp_path / "t.json"
    table.write_text(GOOD)
    (tmp_path / "ebbtide.toml").write_text(
        '[project]\nname = "x"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.json"\n'
    )
    ran = CliRunner().invoke(
        build_app(),
        ["check-data", "--config", str(tmp_path / "ebbtide.toml"), "--json", str(table)],
    )
    assert isinstance(ran.exception, SettingsError)
    assert "would be overwritten" in str(ran.exception)
    assert table.read_text() == GOOD
