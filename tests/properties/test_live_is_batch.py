"""A customer's events sent to the service give the features that training computed for them."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from by_hand import BUYING
from ebbtide.contracts.tables import table_contract
from features.catalogue.catalogue import CATALOGUE
from features.live import features_of_events
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation

pytestmark = pytest.mark.property
NAMES = [feature.name for feature in CATALOGUE]


def events_of(company, customer_id):
    """Rows of one customer as the service takes them: no id, numbers instead of decimals."""
    return {
        name: [
            {
                key: float(value) if isinstance(value, Decimal) else value
                for key, value in row.items()
                if key != "customer_id"
            }
            for row in rows
            if row["customer_id"] == customer_id
        ]
        for name, rows in company.items()
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_events_of_a_customer_give_the_bits_of_the_batch(world, data) -> None:
    """Whatever columns the company has; what the caller sends beyond them changes nothing."""
    company = data.draw(world.companies())
    having = data.draw(world.columns_of_a_company())
    taken = world.snapshot(company, having=having)
    names = [name for name in NAMES if name in taken.column_names]
    batch = {row["customer_id"]: row for row in taken.to_pylist()}
    for customer_id in "abc":
        live = features_of_events(
            events_of(company, customer_id),
            customer_id=customer_id,
            as_of=world.as_of,
            names=names,
            lookback_days=365,
            definition=world.definition,
            columns=having,
        )
        assert live.is_alive == (customer_id in batch)
        if live.is_alive:
            expected = [batch[customer_id][name] for name in names]
            expected = np.array([np.nan if v is None else v for v in expected], dtype=float)
            np.testing.assert_array_equal(live.values, expected)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_feature_keeps_its_promise_of_range_and_of_nulls(world, data) -> None:
    frame = world.snapshot(data.draw(world.companies()))
    for feature in CATALOGUE:
        contract = feature.contract
        for value in frame[feature.name].to_pylist():
            if value is None:
                assert contract.is_nullable, f"{feature.name} is null and does not say why"
                continue
            assert np.isfinite(value), feature.name
            assert contract.low is None or value >= contract.low, (feature.name, value)
            assert contract.high is None or value <= contract.high, (feature.name, value)


PLANS = ("", "Überflug", "Uberflug", "e\u0301", "\u00e9", "套餐", "\U0001f600", "it's", "a\tb")


def busy(rng: np.random.Generator, as_of, customer_id: str, n_events: int) -> dict[str, list]:
    """Rows of one customer in every table, in no order: floats, huge amounts, odd texts."""

    def moments(n: int, *, most_days: float = 400.0) -> list:
        days = rng.random(n) * most_days - 2  # some are still to come
        return [as_of - timedelta(microseconds=int(day * 86_400e6)) for day in days]

    def some(values, n: int) -> list:
        return [
            None if rng.random() < 0.1 else values[int(rng.integers(len(values)))] for _ in range(n)
        ]

    def later(instants: list) -> list:
        return [at + timedelta(hours=9 * k) if k % 3 else None for k, at in enumerate(instants)]

    def rows(n: int, **columns: list) -> list[dict]:
        columns = {"customer_id": [customer_id] * n} | columns
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    amounts = [0.1 + 0.2, 1e12, 1e9 + 0.1, 0.00005, 19.99, 1234.56785, 3.0, -7.25, 450_359_962.7049]
    n = n_events // 7
    opened, started, due = moments(n), moments(n), moments(n)
    drawn = {
        "transactions": rows(
            n,
            occurred_at=moments(n),
            amount=[
                amounts[int(rng.integers(len(amounts)))] * rng.choice([1, 1.1, 0.7])
                for _ in range(n)
            ],
            order_id=some([f"o{k}" for k in range(n // 2 + 1)], n),
            product_id=some(PLANS, n),
            category=some(PLANS[:3], n),
            channel=some(("web", "shop"), n),
            quantity=some((0.1 + 0.2, 1e7, math.nan, -1.0, 2.5), n),
            discount=some((0.1 + 0.2, 1e-4, 5.0), n),
        ),
        "complaints": rows(
            n,
            opened_at=opened,
            resolved_at=[
                at + timedelta(hours=5 * k) if k % 3 else None for k, at in enumerate(opened)
            ],
            severity=some((1.0, 2.5, 5.0, math.nan), n),
            reopened=some((True, False), n),
        ),
        "activity": rows(
            n,
            occurred_at=moments(n),
            kind=some(PLANS, n),
            value=some((0.1, 0.7, 3e9), n),
        ),
        "surveys": rows(
            n,
            answered_at=moments(n),
            metric=["csat"] * n,
            score=some((1.0, 2.2, 4.9, 5.0), n),
        ),
        "payments": rows(
            n,
            due_at=due,
            paid_at=later(due),
            amount=[1e12 * rng.random() for _ in range(n)],
        ),
        "balances": rows(
            n,
            measured_at=moments(n),
            name=[PLANS[k % len(PLANS)] for k in range(n)],
            value=[1e9 * rng.random() - 1e8 for _ in range(n)],
        ),
        "subscriptions": rows(
            n,
            started_at=started,
            ended_at=later(started),
            end_reason=some(("voluntary", "payment"), n),
            plan=some(PLANS, n),
            price=some((0.1 + 0.2, 29.99, 1e6 / 3), n),
            period_days=some((30.0, 365.25), n),
        ),
        "customers": rows(1, signed_up_at=moments(1), segment=[PLANS[3]]),
    }
    drawn["transactions"].append(
        {"customer_id": customer_id, "occurred_at": as_of - timedelta(days=9), "amount": 5.0}
    )
    return drawn


def opened_with_floats(company) -> Tables:
    """Open rows whose money is double, as JSON brings it, for DuckDB to make decimals of."""
    kinds = {"instant": pa.timestamp("us", tz="UTC"), "flag": pa.bool_()}
    kinds |= dict.fromkeys(("money", "number"), pa.float64())
    kinds |= dict.fromkeys(("id", "text"), pa.string())
    connection, columns = connect("UTC"), {}
    for name, rows in company.items():
        arrays = {
            column.name: pa.array([row.get(column.name) for row in rows], type=kinds[column.kind])
            for column in table_contract(name).columns
        }
        connection.register(f"raw_{name}", pa.table(arrays))
        columns[name] = load_relation(connection, name)
    return Tables(connection=connection, columns=columns)


@pytest.mark.parametrize("seed", range(2))
def test_five_hundred_events_of_every_kind_give_the_bits_of_the_batch(world, seed: int) -> None:
    """Each customer alone, rows in another order, against thirty customers in one batch."""
    rng = np.random.default_rng(seed)
    drawn = {
        customer_id: busy(rng, world.as_of, customer_id, 500 if k == 0 else 60)
        for k, customer_id in enumerate(["\U0001f600", *(f"c{k}" for k in range(30))])
    }
    company = {name: [row for each in drawn.values() for row in each[name]] for name in drawn["c0"]}
    opened = opened_with_floats(company)
    try:
        batch = build_snapshot(
            opened,
            as_of=world.as_of,
            features=CATALOGUE,
            lookback_days=365,
            definition=world.definition,
            expectations=BUYING,
        ).to_pylist()
    finally:
        opened.connection.close()
    assert len(batch) == 31
    for row in batch:
        events = events_of(company, row["customer_id"])
        live = features_of_events(
            {name: list(rng.permutation(rows)) for name, rows in events.items()},
            customer_id=row["customer_id"],
            as_of=world.as_of,
            names=NAMES,
            lookback_days=365,
            definition=world.definition,
            expectations=BUYING,
        )
        expected = np.array([np.nan if row[name] is None else row[name] for name in NAMES])
        for name, value, wanted in zip(NAMES, live.values, expected, strict=True):
            np.testing.assert_array_equal(value, wanted, err_msg=name)
