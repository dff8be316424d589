"""The whole study on shops whose rhythm is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from by_hand import PRESENT
from ebbtide.cli import build_app
from ebbtide.errors import NotReady, SettingsError
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY
from features.catalogue.catalogue import features_present
from features.expectations import needs_expectations
from training.definition_lab import study as lab
from training.definition_lab import wording
from training.definition_lab.figures import to_json
from training.definition_lab.page import render_study
from training.definition_lab.recommendation import Limits
from training.definition_lab.study import study_definitions

if TYPE_CHECKING:
    from training.definition_lab.study import Study

SPARSE = "[snapshots]\nevery_days = 56\nmax_count = 12\n"


def rhythm(*, every_days: float, jitter_days: float, customers: int = 250, log_days: int = 720):
    """Customers who buy at a rhythm until they stop for good; a third of them never do."""
    rng = np.random.default_rng(0)
    bought = {}
    for index in range(customers):
        day, stays = float(rng.uniform(0, 200)), float(rng.exponential(350))
        end = log_days if index % 3 == 0 else min(log_days, day + stays)
        at = [round(day, 2)]
        while (day := day + every_days + float(rng.uniform(-jitter_days, jitter_days))) < end:
            at.append(round(day, 2))
        bought[f"c{index:04d}"] = at
    bought["c0000"] = [*bought["c0000"], log_days - 0.5]
    return bought


def study(open_shop, days, *, limits=None, ends_before_days=0, more=SPARSE) -> Study:
    project, tables = open_shop(days, more=more)
    return study_definitions(
        tables,
        project,
        load_policy(STARTER_POLICY),
        ends_at=tables.log_end(now=PRESENT) - timedelta(days=ends_before_days),
        limits=limits or Limits(min_of_each=20),
    )


@pytest.fixture
def monthly(open_shop) -> Study:
    return study(open_shop, rhythm(every_days=30, jitter_days=4))


def test_who_buys_every_month_is_gone_after_two(monthly):
    false = {e.labels.horizon_days: e.labels.false_news_share for e in monthly.at_present_gap}
    assert monthly.recommendation.definition.horizon_days == 60
    # Within 30 days of silence half of the gaps of 26 to 34 days have not ended yet; within 60 all
    # have, so that not one goodbye is false.
    assert false[30] > 0.2
    assert false[60] == 0.0


def test_who_buys_every_quarter_is_not_gone_before_the_quarter_is_over(open_shop):
    found = study(open_shop, rhythm(every_days=85, jitter_days=15))
    assert found.recommendation.definition.horizon_days in (90, 120)


def test_an_unknown_share_of_false_goodbyes_has_no_cost(open_shop, monkeypatch):
    measure = lab.measure_labels

    def unknown_at_60(*given, **named):
        return tuple(
            replace(each, false_goodbye_share=None) if each.horizon_days == 60 else each
            for each in measure(*given, **named)
        )

    monkeypatch.setattr(lab, "measure_labels", unknown_at_60)
    found = study(open_shop, rhythm(every_days=30, jitter_days=4, customers=120))
    costs = {each.labels.horizon_days: each.cost for each in found.at_present_gap}
    assert costs[60] is None
    assert costs[30].total > 0
    rows = {row[0]: row[1:] for row in wording.cost_rows(found)[1]}
    assert set(rows["60"]) == {"–"}
    assert "–" not in rows["30"]
    of_60 = [each for each in json.loads(to_json(found))["definitions"] if each["quality"]]
    assert [each["cost"] for each in of_60 if each["labels"]["horizon_days"] == 60] == [None] * len(
        found.grid.gaps
    )
    assert "wasted on false goodbyes" in render_study(found)


def test_the_quick_models_read_nothing_of_the_present_horizon(open_shop):
    bought = {"a": [1.0, 30.0, 60.0], "b": [2.0]}
    _, tables = open_shop(bought)
    kept = lab.quick_features(tables)
    assert not needs_expectations(kept)
    assert needs_expectations(features_present(tables.columns))


def test_the_return_rate_falls_when_the_rhythm_is_over(monthly):
    within_90 = {r.idle_days: r.share for r in monthly.returns if r.follow_up_days == 90}
    assert within_90[14] > 0.7
    assert within_90[45] == 0.0


def test_nothing_after_the_end_of_the_study_is_used(open_shop):
    days = rhythm(every_days=40, jitter_days=10, customers=150)
    days["c0000"] = [*days["c0000"][:3], 569.5, 719.5]
    then = {name: [day for day in at if day < 570] for name, at in days.items()}
    assert sum(map(len, then.values())) < sum(map(len, days.values()))
    relived = to_json(study(open_shop, days, ends_before_days=150))
    assert relived == to_json(study(open_shop, {name: at for name, at in then.items() if at}))


def test_models_are_tested_later_than_all_that_they_learned_from(monthly):
    ends_on = monthly.log_ends_on
    for each in monthly.studied:
        if each.quality is None:
            assert each.labels.horizon_days == 270
            continue
        days = [np.datetime64(day) for day in each.quality.tested_on]
        outcome = np.timedelta64(each.labels.days_until_known, "D")
        assert days[0] + outcome <= np.datetime64(ends_on) + 1
        assert all(later - earlier >= outcome for later, earlier in pairwise(days))


def test_a_log_that_bears_no_definition_says_what_is_missing(open_shop):
    days = {f"c{i}": [float(i % 30), float(30 + i % 60)] for i in range(80)}
    with pytest.raises(NotReady, match=r"at least 150 days of purchases.*found 90"):
        study(open_shop, days)


def test_too_few_customers_get_a_verdict_and_no_definition(open_shop):
    found = study(open_shop, rhythm(every_days=30, jitter_days=4, customers=40), limits=Limits())
    assert found.recommendation.verdict == "none"
    assert "bears no definition" in found.recommendation.headline
    assert "bears no definition" in render_study(found)


def test_the_figures_are_json_without_nan_and_the_same_each_time(monthly):
    text = to_json(monthly)
    read = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert read["recommendation"]["definition"]["horizon_days"] == 60
    assert {row["labels"]["gap_days"] for row in read["definitions"]} == {0, 7, 14, 30}
    assert all("save_rate" not in line for line in read["cost_assumptions"])
    assert to_json(monthly) == text


def test_the_page_shows_the_advice_the_curves_and_the_assumptions(monthly):
    page = unescape(render_study(monthly))
    assert page.count("<svg") == 5
    for part in (
        "Call a customer churned after 60 days without a purchase",
        "horizon_days = 60",
        "advised: 60 days",
        *monthly.recommendation.would_change,
    ):
        assert part in page
    assert "c0001" not in page


def test_the_verb_prints_the_advice_and_writes_both_files(open_shop, tmp_path):
    open_shop(rhythm(every_days=30, jitter_days=4, customers=120), more=SPARSE)
    html, figures = tmp_path / "out" / "define.html", tmp_path / "out" / "define.json"
    config = str(tmp_path / "shop" / "ebbtide.toml")
    ran = CliRunner().invoke(
        build_app(),
        ["define", "--config", config, "--html", str(html), "--json", str(figures),
         "--min-of-each", "10", "--as-of", "2024-12-01"],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert "In the project file:" in ran.output
    assert "[churn]" in ran.output
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(figures.read_text(encoding="utf-8"))["log"]["ends_on"] == "2024-11-30"


def test_a_project_without_purchases_is_told_so(tmp_path):
    (tmp_path / "t.csv").write_text("id,left\n1,yes\n2,no\n")
    (tmp_path / "ebbtide.toml").write_text(
        '[project]\nname = "flat"\ncurrency = "EUR"\n[churn]\nhorizon_days = 30\n'
        '[snapshot_table]\npath = "t.csv"\nlabel = "left"\nchurned = "yes"\ncustomer_id = "id"\n'
    )
    ran = CliRunner().invoke(build_app(), ["define", "--config", str(tmp_path / "ebbtide.toml")])
    assert isinstance(ran.exception, SettingsError)
    assert "tables.transactions" in str(ran.exception)
