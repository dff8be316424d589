"""Scores on Spark are the local scores: every column of every customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import pyarrow.csv
import pytest
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema

from by_hand import PRESENT
from ebbtide.bundle.read import read_bundle
from ebbtide.policy.file import load_policy
from ebbtide.store.sql import open_store
from features.spark.snapshot import collected
from features.spark.sources import open_spark_tables
from training import pyfunc_model
from training.lineage import lineage_of
from training.provenance import provenance_of_events
from training.registry import connect_registry, fetch_champion, promote
from training.score import score_snapshot, snapshot_for
from training.score_segments import with_segments
from training.score_spark import SCORES, score_on_spark
from training.score_spark_run import score_with_spark
from training.tracking import record, write_bundle_of
from training.train import train

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ebbtide.project import Project
    from features.tables import Tables

SCORED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tables: Tables, project: Project, tmp_path: Path) -> Path:
    trained = train(tables, project, now=tables.log_end(now=PRESENT))
    lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=0)
    provenance = provenance_of_events(project, trained, lineage=lineage, columns=tables.columns)
    write_bundle_of(tmp_path / "bundle", project, trained, trained.best, provenance, key=None)
    return tmp_path / "bundle"


def test_every_column_of_the_local_scores_comes_out_on_spark(
    spark: SparkSession, tables: Tables, project: Project, folder: Path
) -> None:
    bundle, as_of = read_bundle(folder, key=None), tables.log_end(now=PRESENT)
    policy = load_policy(project.policy_path)
    told = {"bundle": bundle, "policy": policy, "as_of": as_of, "scored_at": SCORED_AT}
    snapshot = snapshot_for(bundle, tables, as_of=as_of)
    local = with_segments(
        score_snapshot(snapshot, language="en", **told),
        snapshot,
        tables=tables,
        bundle=bundle,
        settings=project.segments,
        as_of=as_of,
    ).cast(SCORES)

    done = score_on_spark(
        open_spark_tables(project, spark, now=PRESENT),
        folder=folder,
        settings=project.segments,
        language="en",
        **told,
    )
    there = collected(done.scores)

    assert there.schema.names == local.schema.names
    assert there.num_rows == snapshot.num_rows
    for name in local.schema.names:
        ours, theirs = there[name], local[name]
        if name in ("churn_probability", "percentile", "value", "expected_value", "effect"):
            np.testing.assert_allclose(
                ours.to_numpy(), theirs.to_numpy(), rtol=1e-9, atol=1e-12, err_msg=name
            )
        else:
            assert ours.to_pylist() == theirs.to_pylist(), name


@pytest.mark.filterwarnings("ignore:.*input example:UserWarning")
def test_the_registered_pyfunc_scores_in_a_query_of_spark(
    spark: SparkSession, tables: Tables, folder: Path, tmp_path: Path
) -> None:
    """As ``mlflow.pyfunc.spark_udf`` runs the champion for who wants its probability only."""
    bundle, as_of = read_bundle(folder, key=None), tables.log_end(now=PRESENT)
    names = [contract.name for contract in bundle.scorer.features]
    mlflow.pyfunc.save_model(
        str(tmp_path / "model"),
        python_model=pyfunc_model.__file__,
        artifacts={"bundle": str(folder)},
        pip_requirements=[],
        signature=ModelSignature(inputs=Schema([ColSpec("double", name) for name in names])),
    )
    snapshot = snapshot_for(bundle, tables, as_of=as_of)
    rows = np.column_stack([snapshot[name].to_numpy() for name in names])

    p_churn = mlflow.pyfunc.spark_udf(
        spark, f"file://{tmp_path / 'model'}", result_type="double", env_manager="local"
    )
    frame = spark.createDataFrame(snapshot.drop_columns("as_of"))
    there = collected(frame.select("customer_id", p_churn(*names).alias("p_churn")))

    np.testing.assert_allclose(there["p_churn"], bundle.scorer.p_churn(rows), rtol=1e-9)


def test_the_verb_scores_with_the_champion_and_publishes(
    spark: SparkSession, tables: Tables, project: Project, tmp_path: Path
) -> None:
    record(tables, project, train(tables, project, now=tables.log_end(now=PRESENT)), key=None)
    client = connect_registry(project)
    promote(
        client,
        project.model_name,
        number=None,
        key=None,
        settings=project.gate,
        who="ann",
        why="",
        at=SCORED_AT,
    )
    as_of, out = tables.log_end(now=PRESENT), tmp_path / "scores.csv"

    said = score_with_spark(
        project,
        as_of=as_of.isoformat(),
        out=str(out),
        language="zh",
        publish=True,
        master=None,
        conf=[],
        with_interval=True,
    )

    bundle = fetch_champion(client, project.model_name, tmp_path / "champion", key=None)
    snapshot = snapshot_for(bundle, tables, as_of=as_of)
    written = pyarrow.csv.read_csv(out)
    assert said == f"{snapshot.num_rows:,} customers scored by {bundle.version}: {out}"
    names = [contract.name for contract in bundle.scorer.features]
    rows = np.column_stack([snapshot[name].to_numpy() for name in names])
    np.testing.assert_allclose(
        written["churn_probability"], bundle.scorer.p_churn(rows), rtol=1e-9, atol=0
    )
    p_churn = written["churn_probability"].to_numpy()
    assert (written["churn_probability_low"].to_numpy() < p_churn).all()
    assert (written["churn_probability_high"].to_numpy() > p_churn).all()
    store = open_store(project.database_url)
    who = snapshot["customer_id"].to_pylist()
    stored = store.newest_snapshots(who, until=as_of)
    store.close()
    assert set(stored) == set(who)
    assert {kept.as_of for kept in stored.values()} == {as_of}
