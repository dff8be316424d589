"""``ebbtide features --engine``: equal files from every engine, folders from Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from ebbtide.errors import NotReady, SettingsError
from features.engine import Engine
from features.verbs import features
from rich_world import largest_difference

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

LINES = "customer_id,occurred_at,amount\n" + "".join(
    f"c{number % 7},2011-0{1 + number % 3}-{1 + number:02d} 10:00,{number}.5\n"
    for number in range(28)
)


@pytest.fixture
def config(shop, tmp_path: Path) -> Path:
    shop(t_dot_csv=LINES)
    return tmp_path / "ebbtide.toml"


def written(config: Path, out: str, engine: Engine, as_of: str = "2011-03-20", **options) -> None:
    features(as_of=as_of, out=out, config=config, engine=engine, **options)


def test_every_engine_writes_the_same_file(
    spark: SparkSession, config: Path, tmp_path: Path
) -> None:
    tables = {}
    for engine in Engine:
        written(config, str(tmp_path / f"{engine}.parquet"), engine)
        tables[engine] = pq.read_table(tmp_path / f"{engine}.parquet")
    assert tables[Engine.duckdb].num_rows == 7
    for engine in (Engine.local, Engine.spark):
        assert max(largest_difference(tables[engine], tables[Engine.duckdb]).values()) < 1e-9
        assert tables[engine].schema.types == tables[Engine.duckdb].schema.types


def test_spark_writes_a_folder_and_does_not_replace_it(
    spark: SparkSession, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "many"
    written(config, str(out), Engine.spark)
    assert (out / "_SUCCESS").exists()
    assert pq.read_table(out).num_rows == 7
    with pytest.raises(SettingsError, match="something at --out"):
        written(config, str(out), Engine.spark)


def test_nobody_alive_leaves_no_file(spark: SparkSession, config: Path, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="Nobody is alive"):
        written(config, str(tmp_path / "f.parquet"), Engine.spark, as_of="2010-01-01")
    assert not (tmp_path / "f.parquet").exists()


@pytest.mark.parametrize("out", ["many", "s3a://bucket/f.parquet"])
def test_only_spark_writes_elsewhere_than_to_a_file(config: Path, out: str) -> None:
    with pytest.raises(SettingsError, match="written with --engine spark"):
        written(config, out, Engine.local)


def test_options_of_spark_go_with_spark(config: Path) -> None:
    with pytest.raises(SettingsError, match="go with --engine spark"):
        written(config, "f.parquet", Engine.duckdb, master="local[2]")


def test_a_file_that_the_project_reads_is_not_written_over(
    spark: SparkSession, config: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="would be overwritten"):
        written(config, str(tmp_path / "t.csv"), Engine.spark)
