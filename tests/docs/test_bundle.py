"""Every file of a bundle and every key of its manifest is in the reference, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from ebbtide.bundle.contents import Golden, Reference
from ebbtide.bundle.read import read_bundle
from ebbtide.bundle.write import write_bundle
from ebbtide.definition import ChurnDefinition
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.horizons import HorizonModel
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from features.catalogue.catalogue import features_named
from features.tables import Tables, connect
from training.evaluation.measures import measures
from training.explanation.drivers import drivers
from training.lineage import lineage_of

KEY = b"a key for tests"
MEASURES = measures(np.array([0.0, 1.0]), np.array([0.2, 0.7]))
ADDED_BY_TRAINING = {
    *("calibration_checked_on", "auc_by_origin", "rule_auc", "made_by", "tried", "level"),
    *("evaluation", "earlier", "grade"),
}


@pytest.fixture
def folder(tmp_path):
    """A signed bundle of one feature."""
    one = np.ones(1)
    line = LinearModel(
        intercept=0.0, weights=one, missing_weights=one, centers=one, missing_centers=one
    )
    scorer = RankedScorer(
        features=tuple(feature.contract for feature in features_named(["recency_days"])),
        scales=(RankScale.of(np.array([1.0, 2.0])),),
        typical=one,
        model=line,
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
        horizons=HorizonModel(days=(0, 30), anchor_day=0, after=(line,)),
    )
    rows = np.array([[1.5]])
    write_bundle(
        tmp_path,
        kind="logistic",
        model_files={"linear.json": json.dumps(scorer.model.to_json())},
        scorer=scorer,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
        lookback_days=365,
        catalogue_version="1",
        reference=Reference.of(
            rows, p_churn=scorer.p_churn(rows), scales=scorer.scales, as_of="2026-01-01"
        ),
        golden=Golden(rows=rows, p_churn=scorer.p_churn(rows)),
        card="# Card\n",
        drivers=drivers(scorer, rows),
        columns={"transactions": {"customer_id", "occurred_at", "amount"}},
        metrics={**MEASURES, "calibration_checked_on": "a later period"},
        lineage={},
        key=KEY,
    )
    read_bundle(tmp_path, key=KEY)
    return tmp_path


@pytest.fixture
def page(reference):
    return reference("reference/bundle.md")


def test_each_file_is_documented_and_no_other(page, folder):
    written = {path.name for path in folder.iterdir()}
    others = {"model.lgb", "blend.json", "member_00.json", "member_00.lgb"}
    assert set(page.rows("Files")) == written | others


@pytest.mark.parametrize(
    "name",
    [
        "calibrator.json",
        "features.json",
        "reference.json",
        "golden.json",
        "drivers.json",
        "horizons.json",
    ],
)
def test_each_key_of_a_file_is_documented(page, folder, name):
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    keys = content[0] if isinstance(content, list) else content
    assert [key for key in keys if f"`{key}`" not in page.rows("Files")[name][1]] == []


def test_each_key_of_the_manifest_is_documented_and_no_other(page, folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(page.rows("Keys of the manifest")) == set(manifest)


def test_each_measure_is_documented_and_no_other(page):
    assert set(page.rows("`metrics`")) == set(MEASURES) | ADDED_BY_TRAINING


def test_each_key_of_the_lineage_is_documented_and_no_other(page):
    newest = SimpleNamespace(as_of=datetime(2026, 1, 1, tzinfo=UTC), customer_ids=np.empty(0))
    connection = connect("UTC")
    try:
        lineage = lineage_of(Tables(connection=connection, columns={}), [], newest, seed=0)
    finally:
        connection.close()
    assert set(page.rows("`lineage`")) == set(lineage)
