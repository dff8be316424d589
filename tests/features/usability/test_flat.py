"""The verdict on a flat table agrees with what training does with its dates."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from ebbtide.errors import NotReady
from features.usability.flat import flat_report
from flat_table import flat_project, flat_rows
from training.origins import origins

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def report_on(folder, days):
    rows = [{**row, "when": when} for when in days for row in flat_rows(400)]
    return flat_report(flat_project(folder, rows, more='as_of = "when"'), now=NOW)


@pytest.mark.parametrize(
    ("days", "level", "missing"),
    [
        pytest.param(["2026-01-01"], "not enough", "a second instant", id="one"),
        pytest.param(["2026-01-01", "2026-01-30"], "not enough", "a second instant", id="too-near"),
        pytest.param(["2026-01-01", "2026-01-31"], "barely", "a second period", id="two"),
        pytest.param(["2026-01-01", "2026-01-31", "2026-03-02"], "enough", None, id="three"),
        pytest.param(["2026-01-01", "2026-05-31"], "not enough", "a second instant", id="not-yet"),
    ],
)
def test_later_periods_are_those_that_training_tests_on(tmp_path, days, level, missing) -> None:
    report = report_on(tmp_path, days)
    assert report.level == level
    assert [missing in text for text in report.missing] == ([True] if missing else [])


def test_the_verdict_is_not_enough_exactly_where_training_finds_no_later_period(tmp_path) -> None:
    days = ["2026-01-01", "2026-01-30", "2026-01-31"]
    for upto in (1, 2, 3):
        project = flat_project(tmp_path, flat_rows(1))
        taken = [SimpleNamespace(as_of=datetime.fromisoformat(f"{d}T00Z")) for d in days[:upto]]
        try:
            found = len(origins(taken, project.definition))
        except NotReady:
            found = 0
        assert report_on(tmp_path, days[:upto]).later_periods == found


def test_without_dates_rows_of_each_outcome_are_enough(tmp_path) -> None:
    report = flat_report(flat_project(tmp_path, flat_rows(400)), now=NOW)
    assert (report.level, report.later_periods) == ("enough", None)
