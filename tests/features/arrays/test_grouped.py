"""Aggregates and windows mean on arrays what they mean in DuckDB; sums are exact."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from features.arrays import grouped, windows
from features.arrays.select import by_customer, compiled, compiled_query

ARGUMENTS = ("i", "j", "m", "d", "f", "w", "seen_at", "i > 0", "NULL")
NUMBERS = (
    "i",
    "j",
    "m",
    "p",
    "d",
    "i * i",
    "m * 3",
    "abs(m - p)",
    "CAST(d AS DECIMAL(18, 4))",
    "7",
)
FILTERS = ("f", "i > 0 AND j < 0", "i > 1000", "w = 'none'", "NULL", "m IS NULL", "w = 'a' OR f")
SPANS = (
    "age < 5",
    "age BETWEEN 2 AND 8",
    "age BETWEEN 0 AND 3",
    "age < 0",
    "i < 3",
    "age < 3000000000",
)
AGGREGATES = [
    "count(*)",
    *(f"count({each})" for each in ARGUMENTS),
    *(f"count(DISTINCT {each})" for each in ("i", "j", "m", "d", "f", "w", "i > 0")),
    *(f"sum({each})" for each in NUMBERS),
    *(
        f"{name}({each})"
        for name in ("min", "max")
        for each in ("i", "j", "m", "d", "w", "seen_at")
    ),
    "bool_or(f)",
    "bool_or(i > 3)",
    *(f"count(*) FILTER ({each})" for each in FILTERS),
    *(f"sum(m) FILTER ({each})" for each in FILTERS),
    *(f"sum(d) FILTER ({each})" for each in FILTERS),
    *(f"max(i) FILTER ({each})" for each in FILTERS),
    *(f"min(w) FILTER ({each})" for each in FILTERS),
    *(f"count(i) FILTER ({each})" for each in FILTERS),
    *(f"count(*) FILTER ({each})" for each in SPANS),
    *(f"count(i) FILTER ({each})" for each in SPANS),
    *(f"sum({what}) FILTER ({each})" for what in ("m", "d", "j", "m - p") for each in SPANS),
    *(f"max(d) FILTER ({each})" for each in SPANS),
    *(f"{name}({each})" for name in ("min", "max") for each in ("row", "age", "-age")),
    "arg_min(m, age)",
    "arg_max(m, row)",
    "bool_or(f) FILTER (i > 0)",
    *(f"{name}({each}, {by})" for name in ("arg_min", "arg_max") for each in "imw" for by in "jdf"),
    "arg_min(m, i) FILTER (f)",
    "arg_max(w, m) FILTER (i > 1000)",
    # Expressions of aggregates.
    "-sum(m) FILTER (f)",
    "coalesce(sum(m) FILTER (i > 1000), 0)",
    "CAST(sum(m) AS DOUBLE) / nullif(count(m), 0)",
    "CASE WHEN count(i) >= 2 THEN sqrt(CAST(greatest(sum(i * i), 0) AS DOUBLE)) END",
    "greatest(count(*) FILTER (f), count(*) FILTER (i > 0))",
    "2 * coalesce(sum(i) FILTER (f), 0) - sum(i)",
    "max(i) - min(i) + customer_id",
]
OVER = (
    "PARTITION BY customer_id ORDER BY i, row",
    "PARTITION BY customer_id ORDER BY i DESC, row",
    "PARTITION BY customer_id, w ORDER BY m DESC, row DESC",
    "PARTITION BY w ORDER BY f, f DESC, row",
    "PARTITION BY f, i ORDER BY w DESC, row",
    "ORDER BY w, row DESC",
    "ORDER BY d DESC, seen_at, row",
)
WINDOWS = [
    f"{name}({each}) OVER ({over})"
    for name in ("lag", "lead", "first_value")
    for each in ("i", "m", "f", "w", "d")
    for over in OVER
] + [
    f"{name}({each}) OVER ({over})"
    for name in ("min", "max", "count")
    for each in ("i", "m", "w", "d", "seen_at")
    for over in ("PARTITION BY customer_id", "PARTITION BY w, f", "")
]
WINDOWS += ["count(*) OVER (PARTITION BY customer_id, i)", "count(f) OVER ()", "count(*) OVER ()"]
WINDOWS += [f"lead(i) OVER ({OVER[1]}) IS NULL", f"lag(i) OVER ({OVER[0]}) - i"]

random_tables = settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@random_tables
@given(data=st.data())
def test_aggregates_mean_what_they_mean_in_duckdb(oracle, small, data) -> None:
    oracle.agree_by_customer(AGGREGATES, data.draw(small.tables()))


@random_tables
@given(data=st.data())
def test_windows_mean_what_they_mean_in_duckdb(oracle, small, data) -> None:
    oracle.agree_by_row(WINDOWS, data.draw(small.tables()))


def test_every_aggregate_and_window_is_held_against_duckdb() -> None:
    spoken = {
        type(node)
        for text in (*AGGREGATES, *WINDOWS)
        for node in sqlglot.parse_one(text, read="duckdb").walk()
    }
    missing = {*grouped._AGGREGATED, *windows._WINDOWS, exp.Filter, exp.Window} - spoken
    assert missing == set()


@pytest.mark.parametrize(
    "values", [[1, 2, 1], [1, 2, 1, None, 2, 3], [5, 5, 6], [None, 4, None, 4]]
)
def test_values_that_come_back_are_counted_once(oracle, values: list[int | None]) -> None:
    rows = len(values) + 2
    table = {"customer_id": [0] * len(values) + [1, 1], "row": [*range(rows)], "i": [*values, 7, 8]}
    oracle.agree_by_customer(["count(DISTINCT i)", "count(DISTINCT i > 1)"], table)


def test_arg_min_takes_the_first_row_of_a_tie_and_leaves_out_nulls(small) -> None:
    table = {"customer_id": [0, 0, 0, 0], "i": [None, 4, 5, 6], "j": [1, 2, 2, None]}
    scope = by_customer(small.as_frame(table))
    assert small.told(compiled("arg_min(i, j)")(scope), 1) == [4]
    assert small.told(compiled("arg_max(i, j)")(scope), 1) == [4]


@pytest.mark.parametrize("beyond", [53, 61])
def test_sums_of_decimals_are_exact_to_the_last_digit(oracle, beyond: int) -> None:
    large = Decimal(2**beyond // 3 + 1).scaleb(-4)
    amounts = [large, Decimal("0.0001"), large, -large, Decimal("0.0001"), Decimal("-0.0003")]
    table = {"customer_id": [0, 0, 0, 1, 1, 2], "row": [*range(6)], "m": amounts}
    oracle.agree_by_customer(["sum(m)", "sum(m) FILTER (m > 0)"], table)


def test_running_sums_of_all_customers_may_overflow_where_no_single_one_does(oracle) -> None:
    table = {"customer_id": [*range(40)], "row": [*range(40)], "j": [2**61] * 39 + [1]}
    oracle.agree_by_customer(["sum(j)", "max(j)"], table)


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_and_products_that_have_no_room_become_doubles(oracle, sign: int) -> None:
    table = {
        "customer_id": [0] * 9 + [1],
        "row": [*range(10)],
        "j": [sign * (2**62 - 7)] * 9 + [4],
        "m": [Decimal(sign * 99_999_999_999_999)] * 9 + [Decimal("0.0001")],
    }
    sqls = ["sum(j)", "sum(m)", "2 * sum(m) - sum(m)", "sum(CAST(m AS DECIMAL(38, 4)) * 100000)"]
    oracle.agree_by_customer(sqls, table)


def test_no_rows_have_no_groups(small) -> None:
    names = ("customer_id", "row", "age", "i", "j", "m", "p", "d", "f", "w", "seen_at")
    scope = by_customer(small.as_frame({name: [] for name in names}))
    for sql in AGGREGATES:
        assert small.told(compiled(sql)(scope), 0) == []


def test_a_descending_text_is_not_turned_round_among_unsigned_numbers(small) -> None:
    """Places among the words are bytes: minus 1 would be 255, and minus 0 the smallest."""
    frame = small.as_frame({"customer_id": [0, 0, 0], "w": ["a", "b", "c"]})
    assert frame.column("w").values.dtype == np.uint8
    followed = compiled("lead(w) OVER (PARTITION BY customer_id ORDER BY w DESC)")(frame)
    assert small.told(followed, 3) == [None, "a", "b"]


@pytest.mark.parametrize(
    "sql",
    [
        "lag(i, 2) OVER (ORDER BY j)",
        "lag(i IGNORE NULLS) OVER (ORDER BY j)",
        "lag(i) OVER (ORDER BY j NULLS FIRST)",
        "max(i) OVER (ORDER BY j)",
        "max(i) OVER (ORDER BY j ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "sum(i) OVER (PARTITION BY customer_id)",
        "count(*) FILTER (f) OVER ()",
        "count(*) OVER nowhere",
        "row_number() OVER (ORDER BY i)",
        "count(DISTINCT i) FILTER (f)",
        "count(DISTINCT (i, j))",
        "sum(DISTINCT i)",
        "max(i, 3)",
        "arg_min(i, j, 2)",
        "median(i) FILTER (f)",
    ],
)
def test_other_aggregates_and_windows_are_refused_in_words(sql) -> None:
    with pytest.raises(NotImplementedError, match="Expected SQL that the catalogue may use"):
        compiled(sql)


def test_a_running_window_is_refused_by_name_too() -> None:
    query = "SELECT max(i) OVER w AS x FROM t WINDOW w AS (PARTITION BY customer_id ORDER BY j)"
    with pytest.raises(NotImplementedError, match="a running window"):
        compiled_query(query)
