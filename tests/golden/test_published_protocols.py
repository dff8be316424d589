"""Populations, churn shares and rules on real data, against the figures measured independently."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ebbtide.project import load_project
from features.catalogue.catalogue import features_named
from features.labels import label_snapshot
from features.snapshot import build_snapshot
from features.sources import open_tables
from training.backtest import backtest
from training.evaluation.measures import auc

pytestmark = pytest.mark.golden

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOW = datetime(2012, 6, 1, tzinfo=UTC)


def open_example(data_dir, name, file):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EBBTIDE_DATA_DIR", str((data_dir / file).parent))
        project = load_project(EXAMPLES / f"{name}.toml")
        return project, open_tables(project, now=NOW)


@pytest.fixture(scope="module")
def online_retail(data_dir):
    return open_example(data_dir, "online-retail-ii", "online_retail_II.parquet")


@pytest.fixture(scope="module")
def cdnow(data_dir):
    return open_example(data_dir, "cdnow", "cdnow_master.parquet")


def measured(opened, day, *names):
    """Return the number of the living, and outcomes and features by name, in one order."""
    project, tables = opened
    as_of = datetime.fromisoformat(day).replace(tzinfo=UTC)
    frame = build_snapshot(
        tables,
        as_of=as_of,
        features=features_named(names),
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
    )
    labels = label_snapshot(tables, as_of=as_of, now=NOW, definition=project.definition)
    assert labels["customer_id"].to_pylist() == frame["customer_id"].to_pylist()
    churned = np.array(labels["churned"].to_pylist(), dtype=float)
    return churned, {name: frame[name].to_numpy() for name in names}


@pytest.mark.parametrize(
    ("day", "living", "share", "few_purchase_days", "recency"),
    [
        ("2010-12-01", 4268, 0.669, 0.778, 0.705),
        ("2011-03-01", 4276, 0.632, 0.767, 0.715),
        ("2011-06-01", 4338, 0.634, 0.773, 0.747),
        ("2011-09-09", 4324, 0.496, 0.746, 0.707),
    ],
)
def test_online_retail_ii_is_the_published_task(
    online_retail, day, living, share, few_purchase_days, recency
) -> None:
    churned, found = measured(online_retail, day, "purchase_days_365d", "recency_days")
    assert len(churned) == living
    assert round(churned.mean(), 3) == share
    assert round(auc(churned, -found["purchase_days_365d"]), 3) == few_purchase_days
    assert round(auc(churned, found["recency_days"]), 3) == recency


@pytest.mark.parametrize(("day", "recency"), [("1997-10-01", 0.763), ("1998-04-01", 0.703)])
def test_cdnow_is_the_published_task(cdnow, day, recency) -> None:
    churned, found = measured(cdnow, day, "recency_days")
    assert round(auc(churned, found["recency_days"]), 3) == recency


def test_lines_without_a_customer_and_the_overlap_of_the_sheets_are_left_out(online_retail) -> None:
    _, tables = online_retail
    # 824,363 lines have a customer; 14,803 of them are the second copy of 1 to 9 December 2010.
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall() == [(809_560,)]


@pytest.mark.e2e
def test_the_model_beats_every_rule_at_the_four_dates_of_the_protocol(online_retail):
    """ORII-90: trained at each date on what had matured by then."""
    project, tables = online_retail
    dates = [
        datetime(*day, tzinfo=UTC)
        for day in ((2010, 12, 1), (2011, 3, 1), (2011, 6, 1), (2011, 9, 9))
    ]
    predictions, summary = backtest(tables, project, dates, observed_until=tables.log_end(now=NOW))
    assert [date["customers"] for date in summary["dates"]] == [4268, 4276, 4338, 4324]
    assert all(date["gate"] == "passed" for date in summary["dates"])
    assert summary["beats_best_rule_at_every_date"], summary
    assert summary["mean_auc"] > 0.785
    frame = predictions.to_pandas()
    for date in summary["dates"]:
        part = frame[frame["as_of"] == date["as_of"]]
        assert auc(part["churned"].to_numpy(float), part["p_churn"].to_numpy()) == date["auc"]
