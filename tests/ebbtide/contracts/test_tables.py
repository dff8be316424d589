"""The contracts themselves: clocks, completions and how raw columns become typed."""

from __future__ import annotations

import duckdb
import pytest

from ebbtide.contracts.tables import SQL_TYPES, TABLES, table_contract, typed_sql
from ebbtide.errors import ContractError

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))


@every_table
def test_a_table_has_a_customer_first_and_an_instant_of_knowledge_last(table) -> None:
    assert table.names[0] == "customer_id"
    assert table.names[-1] == "known_at"
    assert len(set(table.names)) == len(table.names)
    assert table.column(table.clock).kind == "instant"


@every_table
def test_what_is_filled_in_later_names_an_instant_of_its_table(table) -> None:
    for column in table.columns:
        if column.completed_at is not None:
            assert table.column(column.completed_at).kind == "instant"
            assert not column.is_required


@every_table
def test_limits_and_choices_fit_the_kind(table) -> None:
    for column in table.columns:
        if column.low is not None or column.high is not None:
            assert column.kind in ("number", "money"), column.name
        if column.choices:
            assert column.kind == "text"
        if column.limits_by is not None:
            by, limits = column.limits_by
            assert {choice for choice, _, _ in limits} == set(table.column(by).choices)


def test_transactions_need_only_three_columns() -> None:
    assert table_contract("transactions").required == ("customer_id", "occurred_at", "amount")


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(ContractError, match=r"no table 'complaint'; did you mean 'complaints'\?"):
        table_contract("complaint")
    with pytest.raises(ContractError, match=r"no column 'ammount'; did you mean 'amount'\?"):
        table_contract("transactions").column("ammount")


@pytest.mark.parametrize(
    ("column", "raw", "typed"),
    [
        pytest.param("amount", "'0.1'", "0.1000", id="money-is-decimal"),
        pytest.param("amount", "0.1::DOUBLE", "0.1000", id="money-of-a-float"),
        pytest.param("amount", "'free'", None, id="no-money"),
        pytest.param("customer_id", "'007'", "007", id="zeros-kept"),
        pytest.param("customer_id", "7::BIGINT", "7", id="number-as-id"),
        pytest.param("occurred_at", "'2025-06-01'", "2025-05-31 23:00:00", id="local-midnight"),
        pytest.param("occurred_at", "'2025-06-01 12:00'", "2025-06-01 11:00:00", id="wall-clock"),
        pytest.param(
            "occurred_at", "'2025-06-01T12:00:00Z'", "2025-06-01 12:00:00", id="utc-as-written"
        ),
        pytest.param(
            "occurred_at", "'2025-06-01T12:00:00+08:00'", "2025-06-01 04:00:00", id="offset"
        ),
        pytest.param("occurred_at", "DATE '2025-06-01'", "2025-05-31 23:00:00", id="date"),
        pytest.param("occurred_at", "'01/06/2025'", None, id="ambiguous-date"),
    ],
)
def test_raw_values_become_typed(column, raw, typed) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/London'")
        sql = typed_sql(table_contract("transactions").column(column))
        read = connection.sql(f'SELECT CAST({sql} AS VARCHAR) FROM (SELECT {raw} AS "{column}")')
        assert read.fetchall() == [(typed,)]


def test_every_kind_has_a_type() -> None:
    kinds = {column.kind for table in TABLES.values() for column in table.columns}
    assert kinds == set(SQL_TYPES)
