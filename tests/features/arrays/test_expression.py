"""Expressions mean on arrays what they mean in DuckDB, row by row, null for null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from features.arrays import expression, grouped  # the latter teaches the aggregates and windows
from features.arrays.clock import microseconds
from features.arrays.column import Column
from features.arrays.expression import COMPILERS
from features.arrays.frame import Frame
from features.arrays.select import compiled

LONDON = "timezone('Europe/London', timezone('UTC', seen_at))"
EXPRESSIONS = [
    *("i", "f", "w", "m", "d", "7", "-7", "2.5", "1e-3", "TRUE", "FALSE", "NULL", "(i)", "$as_of"),
    # Arithmetic of every pair of kinds.
    *("i + j", "i - 1", "i + m", "m + p", "m - p", "m + d", "i - d", "i + NULL", "p - 7"),
    *("i * j", "i * m", "m * 3", "m * d", "d * i", "NULL * m", "m * p", "p * j"),
    *("i / nullif(j, 0)", "m / nullif(p, 0)", "d / 4", "i / 2", "i / NULL", "m / 3", "i / 0.5"),
    *("i // 3", "-i // 3", "i // -3", "j // nullif(i, 0)", "i // 30 * 30", "NULL // i", "j // 7"),
    *("-i", "-m", "-d", "-(i - j)", "-NULL", "abs(i)", "abs(m)", "abs(d)", "abs(j)", "abs(m - p)"),
    # Comparison, across scales and kinds.
    *("i < 3000000000", "-3000000000 < i", "i = 3000000000", "i // 3000000000", "3 > i"),
    *(
        "i < j",
        "m <= p",
        "m > 0.5",
        "d >= m",
        "p = m",
        "p <> m",
        "i = 0",
        "j <> i",
        "m = 1",
        "f = f",
    ),
    *(
        "i < NULL",
        "NULL = i",
        "NULL <> NULL",
        "d < i",
        "(i < 0) = (j < 0)",
        "m < i",
        "seen_at < $as_of",
    ),
    # Text and words: some do not occur, some are unusual.
    *("w = 'a'", "w = 'none'", "w <> 'b'", "w <> 'none'", "w = ''", "w = 'é'", "w = w", "w <> w"),
    *(
        "w = 'z\U0001f600'",
        "w IN ('a', 'none', '\uffff')",
        "w NOT IN ('a', 'none')",
        "w IN ('none')",
    ),
    *("i IN (1, 2, -3)", "i NOT IN (1, 2)", "m IN (0.5, 1)", "w IN ('a', NULL)", "i IN (1, NULL)"),
    # Three values of logic.
    *("f AND i > 0", "f OR i > 0", "NOT f", "f AND NULL", "NULL OR f", "NOT (f AND i > 0)"),
    *(
        "NULL AND NULL",
        "NULL OR TRUE",
        "FALSE AND NULL",
        "f OR NOT f",
        "NOT NULL",
        "i > 0 AND TRUE",
    ),
    *(
        "i IS NULL",
        "i IS NOT NULL",
        "NULL IS NULL",
        "(i > j) IS NULL",
        "w IS NULL",
        "7 IS NOT NULL",
    ),
    *("i BETWEEN j AND 5", "i BETWEEN NULL AND 3", "NOT (i BETWEEN 0 AND j)", "m BETWEEN p AND d"),
    *("2 BETWEEN NULL AND 1", "NOT (2 BETWEEN NULL AND 1)", "j NOT BETWEEN i AND 2"),
    # Choices.
    "CASE WHEN f THEN i END",
    "CASE WHEN f THEN i WHEN i > 0 THEN j ELSE 9 END",
    "CASE WHEN f THEN NULL ELSE m END",
    "CASE WHEN f THEN m ELSE i END",
    "CASE WHEN f THEN m WHEN i > 0 THEN d END",
    "CASE WHEN f THEN p WHEN i > 0 THEN m ELSE 1 END",
    "CASE WHEN f THEN NULL WHEN i > 0 THEN NULL ELSE NULL END",
    "CASE WHEN f THEN w END",
    "CASE WHEN f THEN w END = 'a'",
    "CASE WHEN NULL THEN 1 ELSE 2 END",
    "CASE WHEN f THEN i > 0 END",
    "NOT CASE WHEN f THEN i > 0 END",
    "CASE w WHEN 'a' THEN 1 WHEN 'none' THEN 2 WHEN 'é' THEN i END",
    "CASE i WHEN j THEN 1 END",
    *(
        "coalesce(i, j)",
        "coalesce(i, m, d)",
        "coalesce(NULL, i, 0)",
        "coalesce(m, 0)",
        "coalesce(i)",
    ),
    *(
        "coalesce(p, m)",
        "coalesce(w, w)",
        "coalesce(7, i)",
        "coalesce(f, i > 0)",
        "coalesce(w) = 'a'",
    ),
    *(
        "greatest(i, j)",
        "greatest(i, NULL, 2)",
        "greatest(m, p, i)",
        "greatest(d, m)",
        "greatest(i)",
    ),
    *("least(i, j)", "least(i, NULL)", "least(NULL, NULL)", "least(m, p, 1)", "greatest(w, w)"),
    *(
        "nullif(i, 0)",
        "nullif(i, j)",
        "nullif(i, NULL)",
        "nullif(m, p)",
        "nullif(d, 0)",
        "nullif(m, 1)",
    ),
    # Casts.
    *("CAST(i AS DOUBLE)", "CAST(m AS DOUBLE)", "CAST(f AS DOUBLE)", "CAST(NULL AS DOUBLE)"),
    *("CAST(d AS DECIMAL(18, 4))", "CAST(d AS DECIMAL(18, 0))", "CAST(d / 3 AS DECIMAL(18, 4))"),
    *("CAST(m AS DECIMAL(18, 2))", "CAST(m AS DECIMAL(18, 0))", "CAST(p AS DECIMAL(18, 4))"),
    *("CAST(i AS DECIMAL(18, 4))", "CAST(m AS BIGINT)", "CAST(p AS INTEGER)", "CAST(f AS INTEGER)"),
    *("CAST(d AS BIGINT)", "CAST(d AS INTEGER)", "CAST(-d AS BIGINT)", "CAST(j AS HUGEINT)"),
    "CAST(NULL AS DECIMAL(18, 4))",
    "CAST(exp(-abs(d) / 30) AS DECIMAL(18, 12))",
    # Functions.
    *("sqrt(abs(d))", "sqrt(abs(m))", "ln(abs(d) + 1)", "exp(-abs(d) / 30)", "exp(i)", "floor(d)"),
    *("floor(m)", "power(abs(d) + 1, 0.5)", "power(i, 2)", "power(2, NULL)", "floor(i / 4)"),
    # Time.
    *(
        "isodow(seen_at)",
        f"isodow({LONDON})",
        f"{LONDON} < $as_of",
        "seen_at >= TIMESTAMP '2011-03-01 00:00:00'",
    ),
    "date_diff('microsecond', seen_at, $as_of)",
    "date_diff('microsecond', $as_of, seen_at) / CAST(86400000000 AS DOUBLE)",
    f"CAST(greatest(date_diff('microsecond', {LONDON}, $as_of) - 1, 0) // 86400000000 AS INTEGER)",
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_expressions_mean_what_they_mean_in_duckdb(oracle, small, data) -> None:
    oracle.agree_by_row(EXPRESSIONS, data.draw(small.tables()))


@pytest.mark.parametrize("step_hours", [7, 24 * 365])
@pytest.mark.parametrize("n_rows", [0, 1, 400])
def test_weekdays_are_those_of_the_calendar(step_hours, n_rows) -> None:
    first = datetime(1969, 9, 1, 23, 59, tzinfo=UTC)  # before 1970, where division is another
    instants = [first + timedelta(hours=step_hours * place) for place in range(n_rows)]
    held = Column(np.array([microseconds(each) for each in instants], dtype=np.int64))
    rows = Frame.of({"customer_id": held, "seen_at": held}, {})
    found = compiled("isodow(seen_at)")(rows).values.tolist()
    assert found == [each.isoweekday() for each in instants]


def test_every_kind_of_expression_is_held_against_duckdb() -> None:
    """Whoever teaches the arrays a new kind adds it to the texts above."""
    spoken = {
        type(node) for text in EXPRESSIONS for node in sqlglot.parse_one(text, read="duckdb").walk()
    }
    of_groups = {*grouped._AGGREGATED, exp.Filter, exp.Window}  # in test_grouped.py
    assert set(COMPILERS) - of_groups - spoken == set()


@pytest.mark.parametrize(
    "sql",
    [
        "w || 'a'",
        "w LIKE 'a%'",
        "w < 'b'",
        "'a' = w",
        "CASE WHEN f THEN 'yes' END",
        "coalesce(w, 'none')",
        "f IS TRUE",
        "f IS DISTINCT FROM TRUE",
        "i IN (SELECT 1)",
        "i BETWEEN SYMMETRIC 3 AND 1",
        "CAST(seen_at AS DATE)",
        "CAST(i AS VARCHAR)",
        "TRY_CAST(i AS DOUBLE)",
        "date_diff('day', seen_at, $as_of)",
        "timezone('Europe/London', seen_at)",
        "timezone('Europe/London', timezone('Asia/Tokyo', seen_at))",
        "list_sum([i])",
        "i % 2",
        "median(i)",
    ],
)
def test_other_sql_is_refused_in_words(sql) -> None:
    with pytest.raises(NotImplementedError, match="Expected SQL that the catalogue may use"):
        compiled(sql)


def test_texts_of_different_columns_are_not_compared_by_their_places(small) -> None:
    held = {"w": small.as_column("w", ["a", "b"]), "i": small.as_column("i", [0, 1])}
    other = small.as_column("w", ["b", "c"])
    frame = Frame.of(held | {"customer_id": held["i"], "v": other}, {})
    for sql in ("w = v", "coalesce(CASE WHEN i = 0 THEN w END, v)", "w = i", "i = 'a'"):
        with pytest.raises(NotImplementedError, match="text of the same column"):
            compiled(sql)(frame)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("i + j * 2", "i + j * 3"),
        ("i - (j - m)", "i - j - m"),
        ("w = ''", "w = 'a'"),
        ("f = TRUE", "f = FALSE"),
        ("i = 0", "i = '0'"),
        ("count(i)", "count(DISTINCT i)"),
        ("sum(i) FILTER (f)", "sum(i) FILTER (NOT f)"),
        ("lag(i) OVER (ORDER BY j)", "lag(i) OVER (ORDER BY j DESC)"),
        ("CAST(d AS DECIMAL(18, 4))", "CAST(d AS DECIMAL(18, 2))"),
    ],
)
def test_only_equal_expressions_share_what_is_remembered(one: str, other: str) -> None:
    key, again, third = (
        expression._key(sqlglot.parse_one(sql, read="duckdb")) for sql in (one, one, other)
    )
    assert key == again
    assert key != third
