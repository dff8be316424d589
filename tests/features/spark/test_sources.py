"""Spark reads what a project file names as DuckDB reads it: files, queries, and their faults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from ebbtide.errors import ContractError, SettingsError
from features.sources import open_tables
from features.spark.sources import open_spark_tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ebbtide.project import Project

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CSV = '''customer_id;when;amount;quantity;note
a;2011-03-27T01:30:00;12.34565;1;"one; two
lines ""quoted"""
"b";2010-10-31 01:30;-3;;
007;2011-03-01 10:00:00+02:00;1e2;2.5;""
'''
MAPPED = 'path = "t.csv"\ncolumns = { occurred_at = "when" }'


def rows(tables) -> list[tuple]:
    """Return the transactions in order."""
    relation = tables.connection.sql("SELECT * FROM transactions ORDER BY customer_id, occurred_at")
    return relation.fetchall()


def assert_read_alike(project: Project, spark: SparkSession) -> None:
    here, there = open_tables(project, now=NOW), open_spark_tables(project, spark, now=NOW)
    assert there.columns == here.columns
    assert rows(there) == rows(here)
    assert there.log_end(now=NOW) == here.log_end(now=NOW)
    assert there.log_start(now=NOW) == here.log_start(now=NOW)
    assert [str(f) for f in there.findings] == [str(f) for f in here.findings]


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/London"])
def test_csv_with_quotes_lines_and_a_mapping_is_read_alike(
    shop: Callable[..., Project], spark: SparkSession, time_zone: str
) -> None:
    assert_read_alike(shop(MAPPED, time_zone=time_zone, t_dot_csv=CSV), spark)


def test_a_query_over_files_is_read_alike(
    shop: Callable[..., Project], spark: SparkSession, tmp_path: Path
) -> None:
    pq.write_table(
        pa.table({"Who": [1, 1, 2], "Price": [1.255, 2.0, 3.5], "Units": [3, 1, 2]}),
        tmp_path / "lines.parquet",
    )
    source = '''query = """
    SELECT CAST(Who AS VARCHAR) AS customer_id, days.day AS occurred_at,
           CAST(CAST(Price AS DECIMAL(15, 3)) * Units AS DECIMAL(18, 4)) AS amount
    FROM read_parquet('${PROJECT_DIR}/lines.parquet')
    JOIN read_csv('${PROJECT_DIR}/days.csv', all_varchar = true) AS days
      ON CAST(days.number AS INTEGER) = Who
    WHERE days.day LIKE '2011%'
    """'''
    project = shop(source, days_dot_csv="number,day\n1,2011-03-01\n2,2011-03-02\n2,2010-03-02\n")
    assert_read_alike(project, spark)


def test_a_table_of_the_warehouse_is_read_by_its_name(
    shop: Callable[..., Project], spark: SparkSession
) -> None:
    lines = pa.table({"customer_id": ["a"], "occurred_at": ["2011-03-01"], "amount": ["5"]})
    spark.createDataFrame(lines).createOrReplaceTempView("sold")
    project = shop('path = "table:sold"')
    assert rows(open_spark_tables(project, spark, now=NOW))[0][0] == "a"
    with pytest.raises(SettingsError, match="only Spark reads"):
        open_tables(project, now=NOW)


def test_every_fault_of_every_table_is_told_at_once(
    shop: Callable[..., Project], spark: SparkSession
) -> None:
    bad = (
        "customer_id,occurred_at,amount\na,2011-03-01,five\n,2031-03-01,5\nb,yesterday,5\n"
        'c,31.12.2010 10:00,"12,50"\nd,1300000000,€ 5\ne,2011-03-01,$5\n'
    )
    project = shop(t_dot_csv=bad)
    told = []
    for opening in (
        lambda: open_tables(project, now=NOW),
        lambda: open_spark_tables(project, spark, now=NOW),
    ):
        with pytest.raises(ContractError) as raised:
            opening()
        told.append(str(raised.value))
    assert told[1] == told[0]
    assert "five" not in told[1]
    assert "Got a currency beside the number in 2 row(s), a decimal comma in 1" in told[1]
    assert "Got day.month.year in 1 row(s), seconds since 1970 in 1" in told[1]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("customer_id,occurred_at,amount\na,2011-03-01\n", "cannot be read"),
        ("customer_id,amount\na,5\n", "lacks occurred_at"),
    ],
    ids=["lines-that-do-not-agree", "a-column-is-missing"],
)
def test_a_file_that_cannot_be_used_is_refused(
    shop: Callable[..., Project], spark: SparkSession, content: str, named: str
) -> None:
    with pytest.raises(ContractError, match=named):
        open_spark_tables(shop(t_dot_csv=content), spark, now=NOW)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_that_only_later_files_have_is_not_lost(
    shop: Callable[..., Project], spark: SparkSession, tmp_path: Path, ending: str
) -> None:
    table = pa.table({"customer_id": ["a"], "occurred_at": ["2011-03-01"], "amount": ["5"]})
    more = table.append_column("known_at", pa.array(["2011-03-02"]))
    write = pacsv.write_csv if ending == "csv" else pq.write_table
    for number, each in enumerate((table, more), start=1):
        write(each, tmp_path / f"t{number}.{ending}")
    with pytest.raises(ContractError, match=rf"'t1\.{ending}' lacks known_at, .* 't2\.{ending}'"):
        open_spark_tables(shop(f'path = "t*.{ending}"'), spark, now=NOW)


def test_columns_of_csv_in_another_order_are_not_mixed_up(
    shop: Callable[..., Project], spark: SparkSession
) -> None:
    files = {
        "t1_dot_csv": "customer_id,occurred_at,amount,channel\na,2011-03-01,5,web\n",
        "t2_dot_csv": "channel,occurred_at,amount,customer_id\nshop,2011-03-01,5,b\n",
    }
    with pytest.raises(ContractError, match="CSV files on the order of their columns"):
        open_spark_tables(shop('path = "t*.csv"', **files), spark, now=NOW)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("query = \"FROM read_csv('/t.csv')\"", "all_varchar"),
        ("query = \"FROM read_csv('/t.csv', all_varchar = true, skip = 3)\"", "'skip'"),
        ("query = \"FROM read_json('/t.json')\"", "read_json"),
        ("query = \"SELECT median(a) FROM '/t.parquet'\"", "median"),
        ('path = "years/**/t.parquet"', r"\*\*"),
    ],
)
def test_what_spark_might_read_otherwise_is_refused(
    shop: Callable[..., Project], spark: SparkSession, source: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        open_spark_tables(shop(source), spark, now=NOW)
