"""Every feature comes out on Spark as in DuckDB, on a company full of traps and on real logs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.project import load_project
from features.catalogue.catalogue import CATALOGUE, features_present
from features.duckdb_snapshot import duckdb_snapshot
from features.expectations import with_expectations
from features.snapshot import SnapshotBuilder, build_snapshot
from features.sources import open_tables
from features.spark.snapshot import collected, spark_snapshot
from features.spark.sources import open_spark_tables
from rich_world import AS_OF, largest_difference, opened, opened_on_spark, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from conftest import DataFolder
    from pyspark.sql import SparkSession

    from ebbtide.project import Project
    from features.tables import Tables

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOLERANCE = 1e-9


def both(
    here: Tables, there: Tables, *, as_of: datetime, lookback_days: int, definition: ChurnDefinition
) -> dict[str, float]:
    """Compute all that the tables feed with DuckDB and on Spark; return the largest differences."""
    chosen = features_present(here.columns)
    times = {"as_of": as_of, "lookback_days": lookback_days, "definition": definition}
    builder = SnapshotBuilder.of(
        here, features=chosen, lookback_days=lookback_days, definition=definition
    )
    known = builder.fit(as_of)
    filled = with_expectations(chosen, known, definition=definition)
    expected = duckdb_snapshot(here, features=filled, **times)
    got = collected(spark_snapshot(there, features=chosen, expectations=known, **times))
    assert expected.num_rows > 0
    return largest_difference(got, expected)


@contextmanager
def compiled(spark: SparkSession) -> Iterator[None]:
    """Let Spark compile its queries, as it does outside of these tests."""
    names = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")
    before = {name: spark.conf.get(name) for name in names}
    for name, value in zip(names, ("true", "FALLBACK"), strict=True):
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


def test_the_whole_catalogue_is_equal_where_spark_compiles(spark: SparkSession) -> None:
    with compiled(spark):
        assert_the_whole_catalogue_is_equal(spark, "UTC")


def test_the_whole_catalogue_is_equal_where_clocks_change(spark: SparkSession) -> None:
    assert_the_whole_catalogue_is_equal(spark, "Europe/London")


def assert_the_whole_catalogue_is_equal(spark: SparkSession, time_zone: str) -> None:
    tables = world()
    here = opened(tables, time_zone=time_zone)
    definition = ChurnDefinition(
        horizon_days=90, gap_days=7, active_within_days=300, time_zone=time_zone
    )
    there = opened_on_spark(spark, tables, time_zone=time_zone)
    found = both(here, there, as_of=AS_OF, lookback_days=400, definition=definition)
    assert set(found) == {feature.name for feature in CATALOGUE}
    assert max(found.values()) < TOLERANCE


def test_the_whole_catalogue_is_equal_where_contracts_say_who_lives(spark: SparkSession) -> None:
    tables = world()
    here, there = opened(tables), opened_on_spark(spark, tables)
    here.log_table = there.log_table = "subscriptions"
    monthly = ChurnDefinition.of_contracts(horizon_days=30, gap_days=7, grace_days=7)
    found = both(here, there, as_of=AS_OF, lookback_days=400, definition=monthly)
    assert set(found) == {feature.name for feature in CATALOGUE}
    assert max(found.values()) < TOLERANCE
    assert there.log_end(now=AS_OF) == here.log_end(now=AS_OF)
    assert there.log_start(now=AS_OF) == here.log_start(now=AS_OF)
    there.require_observed(AS_OF, now=AS_OF)


def test_the_world_feeds_every_feature_with_values_that_differ() -> None:
    """Otherwise two engines might agree on nothing but nulls and zeros."""
    definition = ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=300)
    frame = build_snapshot(
        opened(world()),
        as_of=AS_OF,
        features=CATALOGUE,
        lookback_days=400,
        definition=definition,
    )
    alike = {
        name
        for name in frame.column_names[2:]
        if len(np.unique(frame[name].drop_null().to_numpy())) < 2
    }
    assert alike == set()


@pytest.mark.parametrize("as_of", ["2010-12-10", "2011-06-01"])
def test_a_real_shop_is_equal(real_shop: tuple[Tables, Tables, Project], as_of: str) -> None:
    here, there, project = real_shop
    found = both(
        here,
        there,
        as_of=datetime.fromisoformat(f"{as_of}T00:00:00+00:00"),
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
    )
    assert max(found.values()) < TOLERANCE


@pytest.fixture(scope="module")
def real_shop(
    spark: SparkSession, data_dir: DataFolder
) -> Iterator[tuple[Tables, Tables, Project]]:
    """Two years of a wholesaler's invoice lines, opened in DuckDB and on Spark."""
    folder = (data_dir / "online_retail_II.parquet").parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EBBTIDE_DATA_DIR", str(folder))
        project = load_project(EXAMPLES / "online-retail-ii.toml")
        with compiled(spark):
            yield open_tables(project, now=NOW), open_spark_tables(project, spark, now=NOW), project


def test_real_complaints_are_equal(spark: SparkSession, data_dir) -> None:
    """A desk's incidents as complaints; that callers bought something is made up."""
    tables = desk(data_dir / "uci_incident_log.parquet")
    definition = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=365)
    found = both(
        opened(tables),
        opened_on_spark(spark, tables),
        as_of=datetime(2016, 5, 10, tzinfo=UTC),
        lookback_days=120,
        definition=definition,
    )
    assert "complaint_resolution_days" in found
    assert max(found.values()) < TOLERANCE


def desk(file: Path) -> dict[str, pa.Table]:
    """Return incidents as complaints of their callers, and a purchase beside each."""
    cases = (
        "SELECT caller_id AS customer_id, CAST(min(opened_at) AS TIMESTAMP) AS opened_at,"
        " CAST(max(resolved_at) AS TIMESTAMP) AS resolved_at,"
        " CAST(min(priority) AS DOUBLE) AS severity, min(category) AS category,"
        " min(contact_type) AS channel, max(reopen_count) > 0 AS reopened,"
        " CAST(number AS INTEGER) % 97 AS cents"
        f" FROM '{file}' WHERE caller_id IS NOT NULL GROUP BY number, caller_id ORDER BY number"
    )
    with duckdb.connect() as connection:
        return {
            "complaints": connection.sql(
                f"SELECT * EXCLUDE (cents) FROM ({cases})"
            ).to_arrow_table(),
            "transactions": connection.sql(
                "SELECT customer_id, opened_at AS occurred_at,"
                f" CAST(cents AS DECIMAL(18, 4)) / 100 AS amount FROM ({cases})"
            ).to_arrow_table(),
        }
