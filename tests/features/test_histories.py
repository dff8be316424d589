"""A history holds what the engine sees at an instant: no more, no less, and to the bit."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import numpy as np
import pytest

from by_hand import BUYING
from ebbtide.definition import ChurnDefinition
from ebbtide.store.histories import Histories, pack
from ebbtide.store.sql import open_store
from features.catalogue.catalogue import features_present
from features.histories import histories, layout_of
from features.live import features_of_events
from features.snapshot import build_snapshot
from rich_world import AS_OF as RICH_AS_OF
from rich_world import opened, world

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(instant):
    return round((instant - EPOCH).total_seconds() * 1e6)


@pytest.fixture
def written(open_company):
    """Histories of a company by customer and table, without their columns' names."""

    def make(*, lookback_days=365, in_memory=100, **tables):
        company = open_company(**tables)
        layout = layout_of(company, lookback_days=lookback_days)
        parts = list(histories(company, layout, as_of=AS_OF, in_memory=in_memory))
        return {
            customer_id: dict(zip(layout.columns, json.loads(rows), strict=True))
            for part in parts
            for customer_id, rows in part
        }

    return make


def test_rows_are_written_by_customer_and_table(written, ago):
    found = written(
        transactions=[
            {
                "customer_id": "a",
                "occurred_at": ago(3),
                "amount": Decimal("1.5"),
                "channel": 'w"eb',
            },
            {
                "customer_id": "b",
                "occurred_at": ago(4),
                "amount": Decimal("-2.25"),
                "channel": None,
            },
        ],
        complaints=[{"customer_id": "a", "opened_at": ago(2), "severity": 0.1}],
    )
    assert found == {
        "a": {"transactions": [[us(ago(3)), 1.5, 'w"eb']], "complaints": [[us(ago(2)), 0.1]]},
        "b": {"transactions": [[us(ago(4)), -2.25, None]], "complaints": []},
    }


def test_a_number_that_is_none_is_written_as_missing(written, ago):
    values = [math.inf, -math.inf, math.nan, 2.5]
    rows = [
        {"customer_id": "a", "occurred_at": ago(day), "value": value}
        for day, value in enumerate(values, start=1)
    ]
    bought = {"customer_id": "a", "occurred_at": ago(9), "amount": Decimal("1.0")}
    ((kept),) = written(transactions=[bought], activity=rows).values()
    assert sorted(kept["activity"], reverse=True) == [
        [us(ago(1)), None],
        [us(ago(2)), None],
        [us(ago(3)), None],
        [us(ago(4)), 2.5],
    ]


def test_only_what_is_seen_is_written(written, ago):
    rows = [
        {"occurred_at": ago(0), "amount": Decimal("1.0")},
        {"occurred_at": ago(0, microseconds=1), "amount": Decimal("2.0")},
        {"occurred_at": ago(5), "known_at": ago(0), "amount": Decimal("3.0")},
        {"occurred_at": ago(5), "known_at": ago(1), "amount": Decimal("4.0")},
        {"occurred_at": ago(366), "amount": Decimal("5.0")},
    ]
    found = written(transactions=[{"customer_id": "a", **row} for row in rows])
    assert sorted(amount for _, amount in found["a"]["transactions"]) == [2.0, 4.0]


def test_a_completion_that_is_to_come_is_not_written(written, ago):
    case = {"customer_id": "a", "reopened": True}
    found = written(
        complaints=[
            {**case, "opened_at": ago(9), "resolved_at": ago(0)},
            {**case, "opened_at": ago(8), "resolved_at": ago(1)},
        ]
    )
    assert sorted(found["a"]["complaints"]) == [
        [us(ago(9)), None, None],
        [us(ago(8)), us(ago(1)), True],
    ]


def test_a_contract_that_began_before_the_lookback_and_runs_is_written(written, ago):
    found = written(
        subscriptions=[
            {"customer_id": "a", "started_at": ago(900), "ended_at": None},
            {"customer_id": "b", "started_at": ago(900), "ended_at": ago(500)},
        ]
    )
    assert set(found) == {"a"}


def test_of_customers_it_is_written_since_when_they_are_known(written, ago):
    found = written(customers=[{"customer_id": "a", "segment": "s", "known_at": ago(3)}])
    assert found == {"a": {"customers": [["s", us(ago(3))]]}}


@pytest.mark.parametrize("in_memory", [1, 2, 100])
def test_every_customer_comes_once_however_many_are_put_together(written, ago, in_memory):
    ids = [f"c{number}" for number in range(7)]
    rows = [{"customer_id": each, "occurred_at": ago(3), "amount": Decimal("1.0")} for each in ids]
    assert sorted(written(transactions=rows, in_memory=in_memory)) == ids


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/London"])
def test_features_from_histories_are_those_of_the_snapshot_to_the_bit(tmp_path, time_zone):
    company = opened(world(customers=30), time_zone=time_zone)
    definition = ChurnDefinition(
        horizon_days=90, gap_days=0, active_within_days=365, time_zone=time_zone
    )
    features = features_present(company.columns)
    snapshot = build_snapshot(
        company,
        as_of=RICH_AS_OF,
        features=features,
        lookback_days=365,
        definition=definition,
        expectations=BUYING,
    )
    kept = kept_histories(company, tmp_path, lookback_days=365)
    assert snapshot.num_rows > 20
    for row in snapshot.to_pylist():
        live = features_of_events(
            kept[row["customer_id"]].rows,
            customer_id=row["customer_id"],
            as_of=RICH_AS_OF,
            names=[feature.name for feature in features],
            lookback_days=365,
            definition=definition,
            columns=company.columns,
            expectations=BUYING,
        )
        batch = [np.nan if row[each.name] is None else row[each.name] for each in features]
        np.testing.assert_array_equal(live.values, batch)
        assert (live.tables_absent, live.columns_absent) == ((), ())


def kept_histories(company, folder, *, lookback_days):
    """Histories as the service reads them."""
    store = open_store(f"sqlite:///{folder}/s.db")
    layout = layout_of(company, lookback_days=lookback_days)
    kept = Histories(store.database)
    ids = []
    for part in histories(company, layout, as_of=RICH_AS_OF):
        packed = [(customer_id, pack(rows)) for customer_id, rows in part]
        store.database.write(partial(kept.keep, histories=packed, as_of=RICH_AS_OF, layout=layout))
        ids += [customer_id for customer_id, _ in part]
    with store.database.read() as connection:
        found = kept.of(connection, ids)
    store.close()
    return found
