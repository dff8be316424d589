"""Queries mean on arrays what they mean in DuckDB; what is not understood is not passed over."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.arrays.select import by_customer, compiled, compiled_query

QUERIES = [
    "SELECT customer_id, i, m FROM t WHERE m >= 0",
    "SELECT customer_id, i FROM t WHERE f",
    "SELECT customer_id, i FROM t WHERE NULL",
    "SELECT customer_id, i FROM t WHERE NOT (i > 0 AND f)",
    "SELECT DISTINCT customer_id FROM t WHERE i >= 0",
    "SELECT DISTINCT customer_id, w, f FROM t",
    "SELECT *, i + 1 AS next, lag(i) OVER (PARTITION BY customer_id ORDER BY row) AS x FROM t",
    "SELECT customer_id, w, count(*) AS n, sum(m) AS m, max(seen_at) AS last FROM t"
    " GROUP BY customer_id, w",
    "SELECT customer_id, i, f, count(DISTINCT w) AS n FROM t WHERE m IS NOT NULL"
    " GROUP BY customer_id, i, f",
    "SELECT w, f, min(d) AS least, bool_or(i > 0) AS any FROM t GROUP BY w, f",
    "SELECT customer_id, i // 2 AS half FROM t WHERE i IS NOT NULL",
    "SELECT *, lag(n) OVER days AS before, first_value(i) OVER days AS first, n + 1 AS more FROM ("
    "SELECT customer_id, i, count(*) AS n, sum(m) AS m FROM t GROUP BY customer_id, i)"
    " WINDOW days AS (PARTITION BY customer_id ORDER BY i DESC)",
    "SELECT customer_id, n, x FROM (SELECT customer_id, n, lead(n) OVER w AS x FROM"
    " (SELECT customer_id, i, count(*) AS n FROM t GROUP BY customer_id, i)"
    " WINDOW w AS (PARTITION BY customer_id ORDER BY i)) WHERE x IS NULL",
    "SELECT customer_id, max(x) AS x FROM (SELECT *, lag(m) OVER w - m AS x FROM t"
    " WINDOW w AS (PARTITION BY customer_id ORDER BY row)) GROUP BY customer_id",
    # A window of the same name means something else within.
    "SELECT customer_id, row, x, lag(row) OVER w AS y FROM (SELECT customer_id, row,"
    " lag(row) OVER w AS x FROM t WINDOW w AS (PARTITION BY customer_id ORDER BY row DESC))"
    " WINDOW w AS (PARTITION BY customer_id ORDER BY row)",
    "SELECT customer_id, peak, count(*) AS n FROM (SELECT customer_id, max(i) OVER of AS peak,"
    " count(*) OVER of AS n FROM t WINDOW of AS (PARTITION BY customer_id, f))"
    " GROUP BY customer_id, peak",
]


@pytest.mark.parametrize("sql", QUERIES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_queries_mean_what_they_mean_in_duckdb(oracle, small, sql, data) -> None:
    oracle.agree_by_query(sql, data.draw(small.tables()))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT customer_id FROM t ORDER BY i",
        "SELECT customer_id FROM t LIMIT 1",
        "SELECT customer_id FROM t JOIN u USING (customer_id)",
        "SELECT customer_id FROM t, u",
        "SELECT customer_id FROM t UNION ALL SELECT customer_id FROM t",
        "WITH t AS (SELECT 1 AS customer_id) SELECT customer_id FROM t",
        "SELECT customer_id, count(*) AS n FROM t GROUP BY customer_id HAVING n > 1",
        "SELECT customer_id FROM t QUALIFY lag(i) OVER (ORDER BY i) IS NULL",
        "SELECT customer_id, i // 2 AS x FROM t GROUP BY customer_id, i // 2",
        "SELECT customer_id, count(*) AS n FROM t GROUP BY ALL",
        "SELECT count(*) AS n FROM t",
        "SELECT customer_id, i FROM t GROUP BY customer_id",
        "SELECT * FROM t GROUP BY customer_id",
        "SELECT DISTINCT * FROM t",
        "SELECT * EXCLUDE (i) FROM t",
        "SELECT * REPLACE (1 AS i) FROM t",
        "SELECT DISTINCT ON (i) customer_id FROM t",
        "SELECT DISTINCT i + 1 AS x FROM t",
        "SELECT 1 AS x",
        "SELECT customer_id FROM range(3) AS t(customer_id)",
    ],
)
def test_what_a_query_may_not_have_is_refused_in_words(sql) -> None:
    with pytest.raises(NotImplementedError, match="Expected SQL that the catalogue may use"):
        compiled_query(sql)


def test_a_text_is_parsed_once() -> None:
    assert compiled("i + 41") is compiled("i + 41")


def test_rows_of_a_customer_are_one_group(small) -> None:
    scope = by_customer(small.as_frame({"customer_id": [3, 3, 7], "i": [1, 2, 3]}))
    assert small.told(scope.column("customer_id"), 2) == [3, 7]
    assert scope.groups.sizes.tolist() == [2, 1]
