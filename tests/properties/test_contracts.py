"""Where contracts say who lives: nothing sees the future, and all agree who lives and left."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebbtide.contracts.tables import TABLES
from ebbtide.definition import ChurnDefinition
from features.catalogue.catalogue import CATALOGUE, features_present
from features.duckdb_snapshot import duckdb_snapshot
from features.expectations import with_expectations
from features.labels import CHURN_CAUSES, label_snapshot
from features.live import features_of_events

pytestmark = pytest.mark.property

DAY = timedelta(days=1)
MONTHLY = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
FAST = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
definitions = st.builds(
    ChurnDefinition.of_contracts,
    horizon_days=st.sampled_from([1, 30, 40]),
    gap_days=st.sampled_from([0, 3]),
    grace_days=st.sampled_from([0, 1, 7]),
    time_zone=st.sampled_from(["UTC", "Europe/London"]),
)


@st.composite
def subscribing(draw, world):
    """Draw a company in which a contract runs."""
    company = draw(world.companies())
    runs = {
        "customer_id": "a",
        "started_at": world.as_of - draw(st.integers(100, 500)) * DAY,
        "ended_at": None,
        "price": Decimal(9),
    }
    return company | {"subscriptions": [*company["subscriptions"], runs]}


@st.composite
def contracts_of_a_few(draw, world):
    """Draw contracts that end and begin around each other, and around the edges of windows."""
    past = world.as_of - 60 * DAY
    hours = st.integers(-24 * 20, 24 * 60)
    near = st.sampled_from([-1, 0, 1, 7, 29, 30, 31, 37, 38, 47, 60]).map(lambda d: past + d * DAY)
    moment = near | near | hours.map(lambda h: past + timedelta(hours=h))
    row = st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from("ab"),
            "started_at": moment | st.just(past - 90 * DAY),
            "ended_at": st.none() | moment,
            "end_reason": st.sampled_from([None, *CHURN_CAUSES]),
            "known_at": st.none() | moment,
        }
    )
    return draw(st.lists(row, min_size=1, max_size=7))


def labelled(world, rows, *, as_of, now, definition=MONTHLY):
    opened = world.open_tables({"subscriptions": rows})
    try:
        found = label_snapshot(opened, as_of=as_of, now=now, definition=definition)
        return {
            row["customer_id"]: (row["churned"], row["churn_cause"]) for row in found.to_pylist()
        }
    finally:
        opened.connection.close()


def by_the_book(rows, *, as_of, now, definition):
    """Read the definition aloud, row by row."""
    window, grace = definition.window(as_of), timedelta(days=definition.grace_days)

    def known(row, at):
        return row["started_at"] < at and (row["known_at"] or row["started_at"]) < at

    def end_as_known(row, at):
        ended = row["ended_at"]
        return None if ended is None or ended >= at else ended

    alive = {
        row["customer_id"] for row in rows if known(row, as_of) and end_as_known(row, as_of) is None
    }
    outcomes = {}
    for who in sorted(alive):
        mine = [
            (row["started_at"], end_as_known(row, now), row["end_reason"] or "unknown")
            for row in rows
            if row["customer_id"] == who and known(row, now)
        ]
        mine = [(a, b, why) for a, b, why in mine if b is None or b > a]
        lost = [
            (end, CHURN_CAUSES.index(why))
            for _, end, why in mine
            if end is not None
            and window.starts_at <= end < window.ends_at
            and not any(a <= end + grace and (b is None or b > end) for a, b, _ in mine)
        ]
        outcomes[who] = (True, CHURN_CAUSES[min(lost)[1]]) if lost else (False, None)
    return outcomes


@settings(FAST, max_examples=120)
@given(data=st.data())
def test_outcomes_are_those_of_the_definition_read_aloud(world, data) -> None:
    rows = data.draw(contracts_of_a_few(world))
    definition = data.draw(definitions.filter(lambda each: each.time_zone == "UTC"))
    asked = {"as_of": world.as_of - 60 * DAY, "now": world.as_of, "definition": definition}
    assert labelled(world, rows, **asked) == by_the_book(rows, **asked)


@settings(FAST, max_examples=40)
@given(data=st.data())
def test_what_comes_or_is_known_from_now_on_changes_no_outcome(world, data) -> None:
    company = data.draw(subscribing(world))
    other = data.draw(world.with_another_future(company))
    asked = {
        "as_of": world.as_of - 60 * DAY,
        "now": world.as_of,
        "definition": data.draw(definitions),
    }
    one, another = (labelled(world, each["subscriptions"], **asked) for each in (company, other))
    assert one == another
    assert "a" in one


@FAST
@given(data=st.data())
def test_the_order_of_rows_changes_no_outcome(world, data) -> None:
    rows = data.draw(contracts_of_a_few(world))
    asked = {"as_of": world.as_of - 60 * DAY, "now": world.as_of}
    shuffled = data.draw(st.permutations(rows))
    assert labelled(world, rows, **asked) == labelled(world, shuffled, **asked)


@FAST
@given(data=st.data())
def test_no_future_changes_a_feature_or_who_lives(world, data) -> None:
    company = data.draw(subscribing(world))
    other = data.draw(world.with_another_future(company))
    one, another = (world.snapshot(each, definition=MONTHLY) for each in (company, other))
    assert one.num_rows > 0
    for name in one.column_names:
        assert one[name].to_pylist() == another[name].to_pylist(), name


@FAST
@given(data=st.data())
def test_arrays_and_duckdb_agree(world, data) -> None:
    company = world.open_tables(
        data.draw(subscribing(world)), having=data.draw(world.columns_of_a_company())
    )
    try:
        present = features_present(company.columns, kind="contract_end")
        asked = {"as_of": world.as_of, "lookback_days": 365, "definition": data.draw(definitions)}
        unfitted = with_expectations(present, None, definition=asked["definition"])
        duckdb = duckdb_snapshot(company, features=unfitted, **asked)
        arrays = world.build_snapshot(company, features=present, expectations=None, **asked)
    finally:
        company.connection.close()
    assert arrays["customer_id"].to_pylist() == duckdb["customer_id"].to_pylist()
    for name in duckdb.column_names[2:]:
        ours, theirs = (
            np.array([np.nan if v is None else v for v in table[name].to_pylist()], dtype=float)
            for table in (arrays, duckdb)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=0, err_msg=name)


@FAST
@given(data=st.data())
def test_snapshots_and_outcomes_are_of_the_same_customers(world, data) -> None:
    company = data.draw(subscribing(world))
    taken = world.snapshot(company, definition=MONTHLY)
    labels = labelled(
        world, company["subscriptions"], as_of=world.as_of, now=world.as_of + 90 * DAY
    )
    assert taken["customer_id"].to_pylist() == list(labels)


@FAST
@given(data=st.data())
def test_events_of_a_customer_give_the_bits_of_the_batch(world, data) -> None:
    company = data.draw(subscribing(world))
    batch = {
        row["customer_id"]: row for row in world.snapshot(company, definition=MONTHLY).to_pylist()
    }
    names = [feature.name for feature in CATALOGUE]
    for customer_id in "abc":
        live = features_of_events(
            {
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
            },
            customer_id=customer_id,
            as_of=world.as_of,
            names=names,
            lookback_days=365,
            definition=MONTHLY,
        )
        assert live.is_alive == (customer_id in batch)
        if live.is_alive:
            wanted = [batch[customer_id][name] for name in names]
            np.testing.assert_array_equal(live.values, [np.nan if v is None else v for v in wanted])


def test_every_feature_says_what_it_means_for_who_has_nothing_but_a_contract(world) -> None:
    columns = {name: set(table.names) for name, table in TABLES.items()}
    features = features_present(columns, kind="contract_end")
    live = features_of_events(
        {"subscriptions": [{"started_at": world.as_of - 9 * DAY}]},
        customer_id="a",
        as_of=world.as_of,
        names=[feature.name for feature in features],
        lookback_days=365,
        definition=MONTHLY,
    )
    missing = {
        feature.name: feature.contract.is_nullable
        for feature, value in zip(features, live.values, strict=True)
        if np.isnan(value)
    }
    assert {"recency_days", "last_sign_days"} <= set(missing)
    assert all(missing.values()), missing
