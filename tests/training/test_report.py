"""What a person reads of a training, of the registered versions and of a backtest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from by_hand import PRESENT
from ebbtide.clock import parse_instant
from training import report
from training.merit import best_first
from training.registry import Version
from training.snapshot_table.provenance import UNDATED
from training.tracking import Registered
from training.train import Trained, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.project import Project
    from features.tables import Tables

VIENNA = "Europe/Vienna"
REGISTERED = Registered(model_name="shop", version="1", bundle_version="b", gate="passed")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return the printed lines, the words of each one blank apart."""
    console = Console(width=250, record=True)
    monkeypatch.setattr(report, "screen", lambda: console)
    return lambda: [" ".join(line.split()) for line in console.export_text().splitlines()]


@pytest.fixture
def in_vienna(tables: Tables, project: Project) -> Trained:
    """The shop trained by people in Vienna, at a midnight of theirs."""
    there = project.project.model_copy(update={"time_zone": VIENNA})
    now = parse_instant(f"{tables.log_end(now=PRESENT):%Y-%m-01}", time_zone=VIENNA)
    return train(tables, project.model_copy(update={"project": there}), now=now)


def test_periods_are_named_by_the_midnights_of_the_zone(
    in_vienna: Trained, printed: Callable[[], list[str]]
) -> None:
    days = list(in_vienna.best.auc_by_origin)
    origins = {taken.as_of for taken in in_vienna.snapshots}
    assert {parse_instant(day, time_zone=VIENNA) for day in days} <= origins
    assert all(len(day) == len("2024-01-01") for day in days)
    report.print_trained(in_vienna, REGISTERED)
    assert f"Measured as of {max(days)}, by models that knew no outcome after it" in printed()


def test_the_mean_that_decides_stands_beside_the_latest_period(
    in_vienna: Trained, printed: Callable[[], list[str]]
) -> None:
    """The one that is better at the latest period only is neither first nor registered."""
    steady = replace(in_vienna.best, auc_by_origin={"2024-01-01": 0.75, "2024-07-01": 0.75})
    steady = replace(steady, metrics={**steady.metrics, "auc": 0.7501})
    lucky = replace(
        steady,
        kind="lightgbm",
        auc_by_origin={"2024-01-01": 0.6, "2024-07-01": 0.8},
        metrics={**steady.metrics, "auc": 0.8001},
    )
    ordered = best_first([lucky, steady], {})
    report.print_trained(replace(in_vienna, candidates=ordered), REGISTERED)
    lines = printed()
    assert any("mean auc over 2 periods" in line for line in lines)
    rows = [line for line in lines if line.startswith(("│ logistic", "│ lightgbm"))]
    assert rows[0].startswith("│ logistic │ 0.7500 │ 0.7501 │")
    assert rows[1].startswith("│ lightgbm │ 0.7000 │ 0.8001 │")
    assert any("Registered logistic as version 1" in line for line in lines)


def test_versions_and_promotions_are_dated_in_the_zone(printed: Callable[[], list[str]]) -> None:
    listed = [
        Version(number="2", aliases=(), tags={"trained_as_of": "2007-12-30T23:00:00+00:00"}),
        Version(number="1", aliases=(), tags={"trained_as_of": UNDATED}),
    ]
    entry = {"deed": "promote", "from": "1", "to": "2", "who": "ann", "why": "better"}
    promoted = [{"at": "2007-12-31T08:05:00+00:00", **entry}]
    report.print_versions("shop", listed, promoted, time_zone=VIENNA)
    text = "\n".join(printed())
    assert "│ 2007-12-31 │" in text
    assert "│ undated │" in text
    assert "2007-12-31T09:05+01:00 promote 1 -> 2 by ann: better" in text


def test_versions_are_listed_with_grade_and_the_codes_that_they_were_refused_over(
    printed: Callable[[], list[str]],
) -> None:
    tags = {"grade": "B", "gate": "refused (older, schema): Expected data up to ..."}
    deed = {"at": "2008-01-01T08:05:00+00:00", "from": "1", "to": "2", "who": "ann", "why": "why"}
    deeds = [
        {**deed, "deed": "refused", "codes": "older, schema"},
        {**deed, "deed": "promote", "codes": "older"},
    ]
    listed = [Version(number="2", aliases=(), tags=tags)]
    report.print_versions("shop", listed, deeds, time_zone=VIENNA)
    text = "\n".join(printed())
    assert "│ B │" in text
    assert "│ refused (older, schema) │" in text
    assert "refused 1 -> 2 by ann: why (refused over: older, schema)" in text
    assert "promote 1 -> 2 by ann: why (accepted: older)" in text


def test_the_dates_of_a_backtest_are_those_that_were_typed(
    printed: Callable[[], list[str]],
) -> None:
    open_date = {"as_of": "2007-08-31T22:00:00+00:00", "customers": 9, "champion": "logistic"}
    report.print_backtest({"dates": [open_date]}, time_zone=VIENNA)
    assert any(line.startswith("│ 2007-09-01 │ 9 │ logistic │") for line in printed())
