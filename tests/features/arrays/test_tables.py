"""Tables become arrays that lose nothing: large money, null ids, odd customers, no rows at all."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from by_hand import BUYING
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError
from features.arrays.snapshot import blocks_of
from features.arrays.tables import sorted_tables
from features.catalogue.catalogue import features_named, features_present
from features.duckdb_snapshot import duckdb_snapshot
from features.expectations import with_expectations
from features.snapshot import build_snapshot

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


def bought(customer_id: str = "a", *, days: float = 3, amount: str = "5", **more: object) -> dict:
    return {
        "customer_id": customer_id,
        "occurred_at": AS_OF - timedelta(days=days),
        "amount": Decimal(amount),
    } | more


def held(company, **read: set[str]):
    return sorted_tables(company, {name: read[name] | {"customer_id"} for name in read})


def agreed(company, *names: str) -> dict[str, dict[str, float | None]]:
    """Features by customer, after a look whether DuckDB computes the same."""
    features = features_named(names) if names else features_present(company.columns)
    filled = with_expectations(features, BUYING, definition=YEAR)
    asked = {"as_of": AS_OF, "lookback_days": 365, "definition": YEAR}
    found = build_snapshot(company, features=filled, expectations=BUYING, **asked)
    duckdb = duckdb_snapshot(company, features=filled, **asked)
    assert found["customer_id"].to_pylist() == duckdb["customer_id"].to_pylist()
    for name in found.column_names[2:]:
        one, other = found[name].to_pylist(), duckdb[name].to_pylist()
        assert [v is None for v in one] == [v is None for v in other], name
        there = [(v, w) for v, w in zip(one, other, strict=True) if v is not None]
        for value, wanted in there:
            assert value == pytest.approx(wanted, rel=1e-12, abs=0), name
    return {row.pop("customer_id"): row for row in found.drop_columns("as_of").to_pylist()}


def test_an_order_without_an_id_is_no_order_of_its_own(open_company) -> None:
    orders = [bought(order_id=order) for order in (None, "x", "y", None)]
    assert agreed(open_company(transactions=orders))["a"]["orders_365d"] == 2


@pytest.mark.parametrize("amount", ["99999999999999.9999", "10000000000", "9999999999.9999"])
def test_money_of_fourteen_digits_keeps_its_last(open_company, amount: str) -> None:
    company = open_company(transactions=[bought(amount=amount), bought(amount="0.0001")])
    columns = held(company, transactions={"amount", "occurred_at"}).columns["transactions"]
    assert sorted(columns["amount"].values.tolist()) == [1, int(Decimal(amount) * 10_000)]
    agreed(company)


def test_sums_of_money_without_room_are_still_right(open_company) -> None:
    rows = [bought(days=day, amount="99999999999999") for day in range(1, 30) for _ in range(3)]
    found = agreed(open_company(transactions=[*rows, bought("b")]))
    assert found["a"]["spend_90d"] == pytest.approx(87 * 99999999999999, rel=1e-15)
    assert found["b"]["spend_90d"] == 5


def test_a_table_without_room_to_be_sorted_is_refused_in_words(open_company) -> None:
    company = open_company(transactions=[bought()])
    company.connection.execute(
        "INSERT INTO transactions (customer_id, occurred_at, amount) SELECT 'c' || i % 999, "
        "TIMESTAMP '2011-01-01' - to_seconds(hash(i) % 9999999), i % 99 FROM range(600000) t(i)"
    )
    company.connection.execute("SET temp_directory = ''; SET threads = 1")
    company.connection.execute("SET memory_limit = '20MB'")
    with pytest.raises(ContractError, match="transactions: is larger than the memory and disk"):
        held(company, transactions={"occurred_at", "amount"})


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (OSError("Out of Memory Error: could not allocate"), ContractError),
        (MemoryError(), ContractError),
        (OSError("Invalid Error"), OSError),
    ],
    ids=["of DuckDB, by Arrow", "of numpy", "another"],
)
def test_memory_that_ends_while_rows_are_handed_over_is_told_in_words(
    open_company, monkeypatch, raised: Exception, error: type[Exception]
) -> None:
    def handed_over(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("features.arrays.tables.gathered", handed_over)
    with pytest.raises(error):
        held(open_company(transactions=[bought()]), transactions={"occurred_at", "amount"})


def test_rows_lie_by_customer_and_time_and_only_those_of_buyers(open_company) -> None:
    company = open_company(
        transactions=[bought("b", days=1), bought("a", days=2), bought("a", days=9)],
        activity=[{"customer_id": each, "occurred_at": AS_OF} for each in ("z", "b", "b")],
    )
    tables = held(company, transactions={"occurred_at"}, activity={"occurred_at"})
    assert tables.customer_ids.to_pylist() == ["a", "b"]
    transactions = tables.columns["transactions"]
    assert transactions["customer_id"].values.tolist() == [0, 0, 1]
    assert (np.diff(transactions["occurred_at"].values[:2]) > 0).all()
    assert tables.columns["activity"]["customer_id"].values.tolist() == [1, 1]


def test_customers_are_ordered_as_duckdb_orders_them_whatever_their_alphabet(open_company) -> None:
    names = [
        "b",
        "B",
        "é",
        "e\u0301",
        "",
        "10",
        "9",
        "\uffff",
        "\U0001f600",
        "ß",
        "客",
        " a",
        "a\t",
    ]
    company = open_company(
        transactions=[bought(name, amount=str(n)) for n, name in enumerate(names)]
    )
    found = agreed(company)
    assert list(found) == sorted(names)
    assert {name: row["spend_90d"] for name, row in found.items()} == {
        name: float(n) for n, name in enumerate(names)
    }


def test_texts_and_ids_that_are_all_null_are_columns_of_nulls(open_company) -> None:
    company = open_company(
        transactions=[bought(order_id=None, product_id=None, category=None, channel=None)],
        complaints=[{"customer_id": "a", "opened_at": AS_OF - timedelta(days=2), "severity": None}],
    )
    found = agreed(company)["a"]
    assert found["products_365d"] == 0
    assert found["complaint_severity_max_365d"] is None


def test_ids_too_many_to_be_listed_are_told_apart_all_the_same(open_company, monkeypatch) -> None:
    rows = [bought(days=day, product_id=f"p{day % 7}" if day % 3 else None) for day in range(1, 40)]
    company = open_company(transactions=rows)
    listed = agreed(company)
    monkeypatch.setattr("features.arrays.tables._MOST_LISTED", 3)
    read = held(company, transactions={"product_id"}).columns["transactions"]["product_id"]
    assert read.words is None
    assert read.valid.sum() == 26
    assert agreed(company) == listed


def test_tables_without_rows_and_customers_without_purchases_are_no_trouble(open_company) -> None:
    company = open_company(
        transactions=[bought("a"), bought("long gone", days=400), bought("r", amount="-3")],
        activity=[{"customer_id": "never bought", "occurred_at": AS_OF - timedelta(days=1)}],
        complaints=[{"customer_id": "never bought", "opened_at": AS_OF - timedelta(days=1)}],
    )
    company.connection.execute("DELETE FROM complaints")
    found = agreed(company)
    assert list(found) == ["a"]
    assert (found["a"]["activity_30d"], found["a"]["activity_recency_days"]) == (0, None)
    company.connection.execute("DELETE FROM transactions")
    assert agreed(company) == {}


@pytest.mark.parametrize("value", [512_345_678_901_234.0, 5.1234e20])
@pytest.mark.parametrize("build", [build_snapshot, duckdb_snapshot])
def test_values_that_no_decimal_holds_are_refused_in_words(open_company, build, value) -> None:
    seen = {"customer_id": "a", "occurred_at": AS_OF - timedelta(days=1), "value": value}
    company = open_company(transactions=[bought()], activity=[seen])
    with pytest.raises(ContractError, match="at most 14 digits") as refused:
        build(
            company,
            as_of=AS_OF,
            features=features_named(["activity_value_share_90d"]),
            lookback_days=365,
            definition=YEAR,
        )
    told = "".join(traceback.format_exception(refused.value))
    assert "5123" not in told


@pytest.mark.parametrize(
    ("customers", "rows", "blocks"),
    [
        (2, 100, [(0, 2), (2, 4), (4, 5)]),
        (100, 4, [(0, 1), (1, 4), (4, 5)]),  # the first has more than enough of its own
        (100, 100, [(0, 5)]),
    ],
)
def test_blocks_end_by_customers_and_by_rows(
    open_company, monkeypatch, customers: int, rows: int, blocks: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr("features.arrays.snapshot.BLOCK", customers)
    monkeypatch.setattr("features.arrays.snapshot.BLOCK_ROWS", rows)
    monkeypatch.setattr("features.arrays.snapshot.processors", lambda: 1)
    owned = {"a": 9, "b": 1, "c": 1, "d": 2, "e": 1}
    company = open_company(
        transactions=[bought(name) for name, count in owned.items() for _ in range(count)]
    )
    tables = held(company, transactions={"occurred_at"})
    assert blocks_of(tables) == blocks


def test_blocks_are_so_even_that_no_processor_waits_for_another(open_company, monkeypatch) -> None:
    monkeypatch.setattr("features.arrays.snapshot.BLOCK", 4)
    monkeypatch.setattr("features.arrays.snapshot.processors", lambda: 2)
    company = open_company(transactions=[bought(name) for name in "abcdefghij"])
    blocks = blocks_of(held(company, transactions={"occurred_at"}))
    assert blocks == [(0, 3), (3, 6), (6, 9), (9, 10)]


def test_no_customers_are_one_empty_block(open_company) -> None:
    company = open_company(transactions=[bought()])
    company.connection.execute("DELETE FROM transactions")
    assert blocks_of(held(company, transactions={"occurred_at"})) == [(0, 0)]


def test_finding_the_rows_of_customers_copies_no_column(open_company) -> None:
    tables = held(open_company(transactions=[bought(), bought("b")]), transactions={"amount"})
    part = tables.of_customers(1, 2)["transactions"]
    assert np.shares_memory(part["amount"].values, tables.columns["transactions"]["amount"].values)


def test_features_of_the_buying_model_alone_read_what_its_fit_needs(open_company) -> None:
    company = open_company(transactions=[bought(f"c{n}", days=1 + n % 9) for n in range(30)])
    found = build_snapshot(
        company,
        as_of=AS_OF,
        features=features_named(["btyd_p_none"]),
        lookback_days=365,
        definition=YEAR,
    )
    assert found.num_rows == 30
