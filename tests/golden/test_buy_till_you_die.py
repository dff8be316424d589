"""Buy-till-you-die models on real data, against published and independently measured figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ebbtide.project import load_project
from features.btyd.beta_geometric import fit_beta_geometric
from features.btyd.gamma_gamma import fit_gamma_gamma
from features.btyd.histories import Histories, histories
from features.btyd.parameters import fit_parameters
from features.btyd.pareto_nbd import fit_pareto_nbd
from features.btyd.sql import fill_parameters
from features.catalogue.buy_till_you_die import FEATURES, FITTED_FROM
from features.labels import label_snapshot
from features.snapshot import build_snapshot
from features.sources import open_tables
from training.evaluation.measures import auc

pytestmark = pytest.mark.golden

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOW = datetime(2012, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def cdnow_39(data_dir):
    """39 weeks to learn from and 39 held out: histories in weeks, later purchase days, spend."""
    found = duckdb.sql(f"""
        WITH days AS (
            SELECT *, row_number() OVER (PARTITION BY id ORDER BY day) > 1 AS is_repeat
            FROM (SELECT sample_id AS id, date AS day, sum(dollar_value) AS spend
                  FROM read_parquet('{data_dir / "cdnow_sample.parquet"}') GROUP BY ALL))
        SELECT count(*) FILTER (day < DATE '1997-10-01') - 1 AS repeats,
               date_diff('day', min(day), max(day) FILTER (day < DATE '1997-10-01')) AS last_days,
               date_diff('day', min(day), DATE '1997-09-30') AS age_days,
               count(*) FILTER (day >= DATE '1997-10-01') AS later,
               coalesce(avg(spend) FILTER (day < DATE '1997-10-01' AND is_repeat), 0) AS spend
        FROM days GROUP BY id ORDER BY id""").fetchnumpy()
    table = {name: np.asarray(column, dtype=float) for name, column in found.items()}
    seen = Histories(
        repeats=table["repeats"],
        last_days=table["last_days"] / 7,
        age_days=table["age_days"] / 7,
        weights=np.ones(len(table["later"])),
    )
    return seen, table["later"], table["spend"]


def test_the_bg_nbd_of_the_paper_comes_out(cdnow_39) -> None:
    seen, later, _ = cdnow_39
    grouped = histories(seen.repeats, seen.last_days, seen.age_days)
    model, fit = fit_beta_geometric(grouped, kind="bg_nbd")
    assert fit.customers == 2357
    assert round(fit.log_likelihood, 1) == -9582.4
    assert [round(v, 3) for v in (model.r, model.alpha, model.a, model.b)] == [
        0.243, 4.414, 0.793, 2.426,
    ]  # fmt: skip
    again = (later > 0).astype(float)
    assert later.sum() == 1882
    assert round(auc(again, model.expected_purchases(seen, horizon_days=39)), 3) == 0.773
    assert round(auc(again, model.p_alive(seen)), 3) == 0.316


def test_the_pareto_nbd_of_the_paper_comes_out(cdnow_39) -> None:
    seen, later, _ = cdnow_39
    model, fit = fit_pareto_nbd(seen)
    assert round(fit.log_likelihood, 1) == -9595.0
    assert [round(v, 3) for v in (model.r, model.alpha, model.s, model.beta)] == [
        0.553, 10.578, 0.606, 11.669,
    ]  # fmt: skip
    expected = model.expected_purchases(seen, horizon_days=39)
    assert round(auc((later > 0).astype(float), expected), 3) == 0.779
    assert round(float(np.sqrt(np.mean((expected - later) ** 2))), 3) == 1.603


def test_the_gamma_gamma_of_the_note_comes_out(cdnow_39) -> None:
    seen, _, spend = cdnow_39
    came_again = seen.repeats > 0
    assert came_again.sum() == 946
    model, _ = fit_gamma_gamma(seen.repeats[came_again], spend[came_again])
    assert [round(v, 2) for v in (model.p, model.q, model.gamma)] == [6.25, 3.74, 15.44]


@pytest.fixture(scope="module")
def open_example(data_dir):
    """Open an example's tables, once."""
    opened = {}

    def opening(example, file):
        if example not in opened:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("EBBTIDE_DATA_DIR", str((data_dir / file).parent))
                project = load_project(EXAMPLES / f"{example}.toml")
                opened[example] = project, open_tables(project, now=NOW)
        return opened[example]

    return opening


@pytest.mark.parametrize(
    ("example", "file", "day", "p_none", "purchases"),
    [
        ("online-retail-ii", "online_retail_II.parquet", "2010-12-01", 0.787, 0.778),
        ("online-retail-ii", "online_retail_II.parquet", "2011-03-01", 0.774, 0.769),
        ("online-retail-ii", "online_retail_II.parquet", "2011-06-01", 0.800, 0.797),
        ("online-retail-ii", "online_retail_II.parquet", "2011-09-09", 0.755, 0.753),
        ("cdnow", "cdnow_master.parquet", "1997-10-01", 0.768, 0.771),
        ("cdnow", "cdnow_master.parquet", "1998-04-01", 0.741, 0.740),
    ],
)
def test_features_fitted_before_a_date_rank_what_came_after(
    open_example, example, file, day, p_none, purchases
) -> None:
    project, tables = open_example(example, file)
    as_of = datetime.fromisoformat(day).replace(tzinfo=UTC)

    def snapshot(features):
        frame = build_snapshot(
            tables,
            as_of=as_of,
            features=features,
            lookback_days=project.snapshots.lookback_days,
            definition=project.definition,
        )
        return {feature.name: frame[feature.name].to_numpy() for feature in features}

    fitted = fit_parameters(**snapshot(FITTED_FROM))
    window = {"horizon_days": project.definition.horizon_days, "gap_days": 0}
    filled = [replace(f, sql=fill_parameters(f.sql, fitted, **window)) for f in FEATURES]
    found = snapshot(filled)
    labels = label_snapshot(tables, as_of=as_of, now=NOW, definition=project.definition)
    churned = np.array(labels["churned"].to_pylist(), dtype=float)
    assert round(auc(churned, found["btyd_p_none"]), 3) == p_none
    assert round(auc(churned, -found["btyd_expected_purchases"]), 3) == purchases
