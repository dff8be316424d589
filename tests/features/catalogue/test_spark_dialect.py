"""Every feature's SQL is plain enough to be translated, and to be the same wherever it runs."""

from __future__ import annotations

import dataclasses
import logging
import re

import pytest
import sqlglot
from sqlglot import exp

from by_hand import BUYING
from features.btyd.sql import fill_parameters
from features.catalogue.catalogue import CATALOGUE

FILLED = [
    dataclasses.replace(
        feature, sql=fill_parameters(feature.sql, BUYING, horizon_days=90, gap_days=14)
    )
    for feature in CATALOGUE
]
every_feature = pytest.mark.parametrize("feature", FILLED, ids=[each.name for each in FILLED])

FUNCTIONS = {
    *("count", "sum", "min", "max", "arg_min", "arg_max"),
    *("coalesce", "nullif", "greatest", "least", "sqrt", "ln", "exp", "abs", "floor", "power"),
}
WORDS = FUNCTIONS | {"cast", "filter", "decimal", "and", "case", "when", "then", "or", "not", "in"}


@every_feature
def test_sql_translates_to_spark_without_a_warning(feature, caplog) -> None:
    with caplog.at_level(logging.DEBUG, logger="sqlglot"):
        [translated] = sqlglot.transpile(
            f"SELECT {feature.sql} AS value",
            read="duckdb",
            write="spark",
            unsupported_level=sqlglot.ErrorLevel.RAISE,
        )
    assert caplog.records == []
    assert sqlglot.parse_one(translated, read="spark")


@every_feature
def test_sql_uses_no_function_that_engines_may_compute_otherwise(feature) -> None:
    called = set(re.findall(r"\b([a-z_]+)\s*\(", re.sub(r"'[^']*'", "''", feature.sql.lower())))
    assert called <= WORDS, called - WORDS


@every_feature
def test_sql_counts_nothing_distinct_and_orders_nothing(feature) -> None:
    tree = sqlglot.parse_one(f"SELECT {feature.sql} AS value", read="duckdb")
    assert tree.find(exp.Distinct, exp.Window, exp.Order) is None


@every_feature
def test_no_number_in_sql_is_a_decimal_literal(feature) -> None:
    tree = sqlglot.parse_one(f"SELECT {feature.sql} AS value", read="duckdb")
    numbers = [literal.this for literal in tree.find_all(exp.Literal) if not literal.is_string]
    assert [number for number in numbers if "." in number and "e" not in number] == []


@pytest.mark.parametrize(
    ("sql", "is_plain"),
    [
        ("count(DISTINCT age_day)", False),
        ("sum(gap_days) OVER (ORDER BY age_day)", False),
        ("count(*) FILTER (age_day < 90)", True),
    ],
)
def test_the_check_knows_what_it_looks_for(sql, is_plain) -> None:
    tree = sqlglot.parse_one(f"SELECT {sql} AS value", read="duckdb")
    assert (tree.find(exp.Distinct, exp.Window, exp.Order) is None) == is_plain


@every_feature
def test_sums_do_not_depend_on_the_order_of_rows(feature) -> None:
    """What is summed is a whole number or a decimal, never a double."""
    tree = sqlglot.parse_one(f"SELECT {feature.sql} AS value", read="duckdb")
    for total in tree.find_all(exp.Sum):
        assert _is_exact(total.this), total.sql("duckdb")


EXACT = {
    *("events", "lines", "orders", "age_day", "gap_days", "delay_us", "resolution_us"),
    *("amount", "amount_before", "discount", "quantity", "value", "first_value"),
}
"""Columns of the views that are whole numbers or decimals."""


def _is_exact(term) -> bool:
    if isinstance(term, exp.Cast):
        return term.to.this is exp.DataType.Type.DECIMAL
    if isinstance(term, exp.Column):
        return term.name in EXACT
    if isinstance(term, exp.Literal):
        return True
    exact = (exp.Paren, exp.Abs, exp.Add, exp.Sub, exp.Mul, exp.IntDiv)
    return isinstance(term, exact) and all(map(_is_exact, term.iter_expressions()))
