"""The tables keep their contracts, and hold the irregularities that features must survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ebbtide.contracts.check import check_table
from ebbtide.contracts.tables import TABLES
from training.simulator.campaigns import EVERY_WEEKS, HOLDOUT
from training.simulator.effects import ACTION_CODES, EFFECT_WEEKS
from training.simulator.write import TABLE_NAMES

if TYPE_CHECKING:
    from training.simulator.shop import SimulatedShop

Tables = "Callable[[str], pd.DataFrame]"

ARROW_TYPES = {
    "id": pa.string(),
    "instant": pa.timestamp("us", "UTC"),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_columns_and_types_are_those_of_the_contract(shop: SimulatedShop, name: str) -> None:
    schema = pq.read_schema(shop.folder / f"{name}.parquet")
    expected = {column.name: ARROW_TYPES[column.kind] for column in TABLES[name].columns}
    assert dict(zip(schema.names, schema.types, strict=True)) == expected


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_the_check_of_contracts_finds_nothing(shop: SimulatedShop, name: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.from_parquet(str(shop.folder / f"{name}.parquet")).create_view("raw")
        assert check_table(connection, "raw", TABLES[name], now=shop.log_ends_at) == []


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_values_keep_the_contract(table: Tables, name: str) -> None:
    frame = table(name)
    assert len(frame) > 1_000
    assert not frame[list(TABLES[name].required)].isna().any().any()
    for column in TABLES[name].columns:
        values = frame[column.name].dropna()
        assert column.low is None or values.min() >= column.low
        assert column.high is None or values.max() <= column.high
        assert not column.choices or set(values) <= set(column.choices)


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_the_log_holds_nothing_from_outside_of_it(
    shop: SimulatedShop, table: Tables, name: str
) -> None:
    frame = table(name)
    for column in TABLES[name].columns:
        if column.kind == "instant":
            assert frame[column.name].max() < shop.log_ends_at
    if name != "customers":
        assert frame[TABLES[name].clock].min() >= shop.log_starts_at


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_rows_are_distinct(table: Tables, name: str) -> None:
    assert not table(name).duplicated().any()


def test_customers_have_a_row_each_and_no_event_before_they_signed_up(table: Tables) -> None:
    customers = table("customers")
    assert customers.customer_id.is_unique
    for name in ("transactions", "complaints", "activity", "surveys", "payments", "treatments"):
        rows = table(name).merge(customers[["customer_id", "signed_up_at"]], how="left")
        assert (rows[TABLES[name].clock] >= rows.signed_up_at).all()


def test_active_customers_order_about_ten_times_a_year(table: Tables) -> None:
    bought = table("transactions").query("amount > 0")
    year = bought[bought.occurred_at >= bought.occurred_at.max() - pd.Timedelta(days=365)]
    orders = year.groupby("customer_id").order_id.nunique()
    assert 8 < orders.mean() < 13


def test_activity_is_modest(table: Tables) -> None:
    assert 20 < len(table("activity")) / len(table("customers")) < 30


def test_returns_undo_an_earlier_line_of_the_same_order(table: Tables) -> None:
    rows = table("transactions")
    back, bought = rows[rows.amount < 0], rows[rows.amount > 0]
    assert 0.02 < len(back) / len(bought) < 0.15
    pairs = back.merge(bought, on=["customer_id", "order_id", "product_id"], how="left")
    known = pairs.dropna(subset="amount_y")
    assert len(known) > 0.95 * len(pairs)
    assert (known.occurred_at_x > known.occurred_at_y).all()


def test_some_rows_are_known_late(table: Tables) -> None:
    rows = table("transactions")
    lag = rows.known_at - rows.occurred_at
    assert (lag >= pd.Timedelta(0)).all()
    assert 0.03 < (lag > pd.Timedelta(hours=1)).mean() < 0.1


def test_some_complaints_resolve_late_and_some_never(table: Tables) -> None:
    rows = table("complaints")
    old = rows[rows.opened_at < rows.opened_at.max() - pd.Timedelta(days=180)]
    assert 0.02 < old.resolved_at.isna().mean() < 0.15
    assert 0.03 < (old.resolved_at - old.opened_at > pd.Timedelta(days=30)).mean() < 0.25
    assert (rows.reopened.isna() == rows.resolved_at.isna()).all()


def test_some_payments_are_late_and_some_never_come(table: Tables) -> None:
    rows = table("payments")
    assert rows.paid_at.isna().any()
    assert (rows.paid_at - rows.due_at > pd.Timedelta(days=14)).any()
    assert set(rows.status[rows.paid_at.notna()]) == {"paid", "paid_late"}


def test_arms_are_held_out_at_the_logged_propensity(table: Tables) -> None:
    rows = table("treatments")
    is_holdout = rows.arm == "holdout"
    spread = (HOLDOUT * (1 - HOLDOUT) / len(rows)) ** 0.5
    assert abs(is_holdout.mean() - HOLDOUT) < 4 * spread
    assert set(rows.propensity[is_holdout]) == {HOLDOUT}
    assert set(rows.propensity[~is_holdout]) == {1 - HOLDOUT}


def test_only_the_treated_have_a_delivery_and_a_cost(table: Tables) -> None:
    rows = table("treatments")
    is_treated = rows.arm == "treated"
    assert (rows.delivered_at.notna() == is_treated).all()
    assert (rows.cost.notna() == is_treated).all()
    assert (rows.delivered_at[is_treated] > rows.assigned_at[is_treated]).all()


def test_campaigns_use_every_action_and_let_customers_rest(table: Tables) -> None:
    rows = table("treatments").sort_values(["customer_id", "assigned_at"])
    assert set(rows.action) == set(ACTION_CODES)
    rest = rows.groupby("customer_id").assigned_at.diff().dropna()
    assert rest.min() >= pd.Timedelta(weeks=EFFECT_WEEKS)
    steps = rows.assigned_at.drop_duplicates().sort_values().diff().dropna()
    assert set(steps) == {pd.Timedelta(weeks=EVERY_WEEKS)}
