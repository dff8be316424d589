"""The columns a feature declares are the optional ones that its SQL reads, views included."""

from __future__ import annotations

import json

import duckdb
import pytest

from by_hand import BUYING
from ebbtide.contracts.tables import table_contract
from features.btyd.sql import fill_parameters
from features.catalogue.catalogue import CATALOGUE, operands
from features.views import VIEWS

UNCOUNTED = {"known_at"}
"""Optional, and meant to be: without it a row is known when it happened."""


def parsed(sql: str):
    with duckdb.connect() as connection:
        [[written]] = connection.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()
    read = json.loads(written)
    assert not read["error"], read
    return read["statements"][0]["node"]


def words(node) -> set[str]:
    """Return the columns that a part of a query names, without those of its subqueries."""
    if isinstance(node, list):
        return set().union(*map(words, node))
    if not isinstance(node, dict) or node.get("type") == "SUBQUERY":
        return set()
    if node.get("class") == "COLUMN_REF":
        return {node["column_names"][-1]}
    return set().union(*map(words, node.values()))


def origins(select, table: str) -> dict[str, set[str]]:
    """Return for each column of a query the columns of the table that decide its values."""
    source = select["from_table"]
    inner = (
        origins(source["subquery"]["node"], table)
        if source["type"] == "SUBQUERY"
        else columns_of(source["table_name"], table)
    )

    def traced(names: set[str]) -> set[str]:
        return set().union(*(inner[name] for name in names))

    rows = traced(words([select["where_clause"], select["group_expressions"]]))
    found: dict[str, set[str]] = {}
    for part in select["select_list"]:
        if part["class"] == "STAR":
            found |= inner
        else:
            name = part["alias"] or part["column_names"][-1]
            found[name] = traced(words(part))
    return {name: columns | rows for name, columns in found.items()}


def columns_of(name: str, table: str) -> dict[str, set[str]]:
    if name in VIEWS:
        sql = VIEWS[name].sql.replace("{as_of}", "TIMESTAMP '2011-03-01'")
        return origins(parsed(sql), table)
    assert name == f"seen_{table}"
    contract = table_contract(table)
    seen = {
        column.name: {column.name, column.completed_at or column.name}
        for column in contract.columns
    }
    return seen | {age: {contract.clock} for age in ("age_us", "age_days", "age_day", "weekday")}


def optional_columns_read(feature) -> set[str]:
    if feature.view is None:
        return set().union(*map(optional_columns_read, operands([feature])))
    table = feature.contract.table
    decide = columns_of(feature.view, table)
    sql = fill_parameters(feature.sql, BUYING, horizon_days=90, gap_days=0)
    read = set().union(*(decide[word] for word in words(parsed(f"SELECT {sql}"))))
    return read - set(table_contract(table).required) - UNCOUNTED


@pytest.mark.parametrize("feature", CATALOGUE, ids=[feature.name for feature in CATALOGUE])
def test_a_feature_declares_the_optional_columns_that_it_reads(feature) -> None:
    assert optional_columns_read(feature) == set(feature.columns)
