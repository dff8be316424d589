"""Instants are read on Spark as DuckDB reads them, whatever a column holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from ebbtide.contracts.tables import table_contract, typed_sql
from features.spark.connection import SparkConnection
from features.tables import connect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEXTS = [
    *("2011-03-01", "2011-3-1", "2011/03/01", "2011/03/01 10:00:00", "2011-03-01 1:00"),
    *("2011-03-01T10:00Z", "2011-03-01T10:00:00.5", "2011-03-01 10:00:00.123456789"),
    *("2011-03-01 10:00:00+02", "2011-03-01 10:00:00+0230", "2011-03-01 10:00:00-03:30"),
    *("2011-03-01 10:00:00 UTC", " 2011-03-01  10:5:5 ", "2011-03-01 10:00:00."),
    *("2010-10-31 00:30:00", "2010-10-31 01:30:00", "2010-10-31 02:00:00"),  # twice, London
    *("2010-03-28 00:30:00", "2010-03-28 01:30:00", "2010-03-28 02:00:00"),  # never, London
    *("2011", "2011-03", "10:00:00", "2011-02-30", "2011-03-01 10:00:60", "2011-03-01 10"),
    *("2011-03-01 10:00 PM", "2011-03-01 +02", "2011-03-01Z", "01.03.2011", "today", "", "x"),
    *("2011-03-01 10:00:00 +02:00", "20110301", "2011.03.01 10:00"),
    None,
]
MOMENTS = pa.array(["2010-10-31T01:30:00", "2010-03-28T01:30:00", "2011-07-01T00:00:00", None])
COLUMNS = {
    "text": pa.array(TEXTS, type=pa.string()),
    "without a zone": MOMENTS.cast(pa.timestamp("us")),
    "with a zone": MOMENTS.cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC")),
    "a date": pa.array([date(2010, 10, 31), date(2011, 3, 27), None], type=pa.date32()),
}


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/London", "Australia/Lord_Howe"])
@pytest.mark.parametrize("kind", COLUMNS)
def test_instants_are_read_as_duckdb_reads_them(
    spark: SparkSession, kind: str, time_zone: str
) -> None:
    column = table_contract("transactions").column("occurred_at")
    rows = pa.table({"place": range(len(COLUMNS[kind])), "occurred_at": COLUMNS[kind]})
    query = f"SELECT place, {typed_sql(column)} FROM raw_rows ORDER BY place"
    with connect(time_zone) as connection:
        connection.register("raw_rows", rows)
        here = connection.sql(query).fetchall()
    spark.createDataFrame(rows).createOrReplaceTempView("raw_rows")
    assert SparkConnection(spark, time_zone).sql(query).fetchall() == here


def test_the_name_of_a_region_behind_a_time_is_not_guessed_at(spark: SparkSession) -> None:
    rows = pa.table({"occurred_at": ["2011-03-01 10:00:00 BST"]})
    spark.createDataFrame(rows).createOrReplaceTempView("raw_rows")
    column = table_contract("transactions").column("occurred_at")
    found = SparkConnection(spark, "UTC").sql(f"SELECT {typed_sql(column)} FROM raw_rows")
    assert found.fetchall() == [(None,)]
