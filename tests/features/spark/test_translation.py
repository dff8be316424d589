"""Spark returns what DuckDB returns, construct by construct; what might not is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from ebbtide.errors import SettingsError
from features.spark.connection import SparkConnection
from features.spark.translation import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS = pa.table(
    {
        "who": ["a", "a", "a", "b", "b"],
        "day": pa.array([3, 1, 2, 7, None], type=pa.int32()),
        "gap": pa.array([5, None, 4, None, 9], type=pa.int32()),
        "amount": pa.array(
            [Decimal("10.0050"), Decimal("0.0001"), None, Decimal("7.5000"), Decimal("-3.0000")],
            type=pa.decimal128(18, 4),
        ),
        "number": [0.6, 1.2, -2.4, 7.9, None],
        "wild": [1.0, float("inf"), float("nan"), -float("inf"), None],
        "text": ["C12", "c", None, " d ", "12.0"],
        "moment": pa.array(
            [
                "2011-03-26T23:30:00",  # a Saturday; the clocks of London turn the next day at one
                "2011-03-27T01:30:00",
                "2010-10-31T00:59:59.999999",
                "2010-10-31T01:30:00",
                None,
            ]
        ).cast(pa.timestamp("us")),
    }
)

EQUAL = {
    "decimals divide as doubles": "max(amount / 3)",
    "a decimal literal divides as a double": "max(day / 86400.0)",
    "whole numbers divide as doubles": "max(day / 2)",
    "whole division cuts": "max(day // 2)",
    "the value at the extreme is never null": "arg_min(gap, day)",
    "nor is the key": "arg_max(day, gap)",
    "within a filter": "arg_min(gap, day) FILTER (day > 1)",
    "the key may be a pair": "arg_min(text, (who, day))",
    "a null in a pair is the greatest": "arg_max(text, (who, day))",
    "Monday is 1": "max(isodow(moment))",
    "by the clock on the wall": "max(isodow(timezone('Europe/London', timezone('UTC', moment))))",
    "microseconds": "max(date_diff('microsecond', TIMESTAMP '2010-01-01 00:00:00', moment))",
    "boundaries of hours": "max(date_diff('hour', TIMESTAMP '2010-01-01 00:30:00', moment))",
    "boundaries of days": "min(date_diff('day', moment, TIMESTAMP '2011-03-28 00:00:00'))",
    "the sum of decimals": "sum(amount * day)",
    "a sum of products less a product of sums": (
        "CAST(count(*) * sum(amount * day) - sum(amount) * sum(day) AS DOUBLE)"
    ),
    "a double becomes a decimal": "sum(CAST(exp(-day / 30) AS DECIMAL(18, 12)))",
    "casts to whole numbers round": "max(CAST(number * 3 AS BIGINT))",
    "greatest passes over nulls": "max(greatest(day, gap))",
    "least passes over nulls": "min(least(day, gap))",
    "a logarithm is to base ten": "max(log(day))",
    "the natural logarithm": "max(ln(day))",
    "powers": "max(power(day, 0.5))",
    "a literal with an exponent is a double": "max(day * 1e-05)",
    "a whole text matches": "count(*) FILTER (regexp_full_match(text, '[0-9]+\\.0'))",
    "a part of a text matches": "count(*) FILTER (regexp_matches(text, '[0-9]'))",
    "control characters": "count(*) FILTER (regexp_full_match(text, '[^[:cntrl:]]{0,128}'))",
    "finite numbers": "count(*) FILTER (isfinite(wild))",
    "a distinct count": "count(DISTINCT who)",
    "text concatenated with null": "max(concat(who, text))",
    "trim": "max(trim(text))",
}


@pytest.fixture(scope="module")
def both(spark: SparkSession) -> tuple[dict[str, object], dict[str, object]]:
    """Every expression for each customer, in DuckDB and on Spark, in one query each."""
    columns = ", ".join(f'{sql} AS "{number}"' for number, sql in enumerate(EQUAL.values()))
    query = f"SELECT who, {columns} FROM rows GROUP BY who ORDER BY who"
    with duckdb.connect() as connection:
        connection.register("rows", ROWS)
        here = connection.sql(query).fetchall()
    spark.createDataFrame(ROWS).createOrReplaceTempView("rows")
    there = SparkConnection(spark, "UTC").sql(query).fetchall()
    assert [row[0] for row in here] == [row[0] for row in there] == ["a", "b"]
    return tuple(
        {name: [row[place] for row in rows] for place, name in enumerate(EQUAL, start=1)}
        for rows in (here, there)
    )


@pytest.mark.parametrize("name", EQUAL)
def test_what_is_translated_returns_the_same(name: str, both) -> None:
    here, there = both[0][name], both[1][name]
    for ours, theirs in zip(there, here, strict=True):
        if isinstance(theirs, (int, float, Decimal)):
            assert float(ours) == pytest.approx(float(theirs), rel=1e-14)
        else:
            assert ours == theirs


def test_windows_order_nulls_last_and_may_have_names(spark: SparkSession) -> None:
    query = (
        "SELECT who, day, lag(day) OVER days - day AS before, lead(gap) OVER gaps IS NULL AS last,"
        " first_value(text) OVER gaps AS first"
        " FROM rows WINDOW days AS (PARTITION BY who ORDER BY day DESC),"
        " gaps AS (PARTITION BY who ORDER BY gap, day) ORDER BY who, day"
    )
    with duckdb.connect() as connection:
        connection.register("rows", ROWS)
        here = connection.sql(query).fetchall()
    spark.createDataFrame(ROWS).createOrReplaceTempView("rows")
    assert SparkConnection(spark, "UTC").sql(query).fetchall() == here


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT median(a) FROM t", "median"),
        ("SELECT list_reduce(a, b) FROM t", "list_reduce"),
        ("SELECT date_diff('month', a, b) FROM t", "month"),
        ("SELECT timezone('Asia/Tokyo', a) FROM t", "timezone"),
        ("SELECT log(2, a) FROM t", "log with a base"),
        ("SELECT strftime(a, '%Y') FROM t", "time_to_str"),
    ],
)
def test_what_is_not_known_to_be_equal_is_refused_by_name(sql: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        spark_sql(sql)


def test_what_is_no_sql_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be read for Spark"):
        spark_sql("SELECT FROM WHERE (")
