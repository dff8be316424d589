"""A publish stores the rows that a model reads, renews all, and wakes whom it does not cover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from ebbtide.errors import NotReady
from ebbtide.store.events import Event, entries_of, record_events
from ebbtide.store.histories import Histories
from ebbtide.store.rescore_queue import take_customers
from ebbtide.store.sql import open_store
from training.publishing import publish_histories

AS_OF = datetime(2024, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
COLUMNS = {
    "transactions": frozenset({"customer_id", "occurred_at", "amount"}),
    "complaints": frozenset({"customer_id", "opened_at", "resolved_at"}),
}
BUNDLE = SimpleNamespace(columns=COLUMNS, lookback_days=365)


@pytest.fixture
def store(tmp_path):
    made = open_store(f"sqlite:///{tmp_path}/s.db", folder=tmp_path)
    yield made
    made.close()


@pytest.fixture
def publish(store, tables):
    def published(*, as_of=AS_OF, bundle=BUNDLE):
        return publish_histories(store, tables, bundle=bundle, as_of=as_of, now=as_of)

    return published


def buyers(tables, *, since, until):
    found = tables.connection.sql(
        f"SELECT DISTINCT customer_id FROM transactions WHERE occurred_at >= '{since:%Y-%m-%d}'"
        f" AND occurred_at < '{until:%Y-%m-%d}'"
    )
    return {customer_id for (customer_id,) in found.fetchall()}


def held(store, customer_ids):
    with store.database.read() as connection:
        return Histories(store.database).of(connection, sorted(customer_ids))


def test_everybody_of_whom_a_row_is_seen_has_a_history(store, publish, tables):
    seen = buyers(tables, since=AS_OF - 365 * DAY, until=AS_OF)
    count = publish()
    found = held(store, seen)
    assert set(found) == seen
    assert count >= len(seen)
    (layout,) = {each.layout.id: each.layout for each in found.values()}.values()
    assert layout.columns == {
        "transactions": ("occurred_at", "amount"),
        "complaints": ("opened_at", "resolved_at"),
    }


def test_who_has_no_row_any_more_is_not_kept(store, publish, tables):
    publish(as_of=AS_OF - 400 * DAY)
    gone = buyers(tables, since=AS_OF - 765 * DAY, until=AS_OF - 400 * DAY) - buyers(
        tables, since=AS_OF - 365 * DAY, until=AS_OF
    )
    assert gone
    publish(
        bundle=SimpleNamespace(columns={"transactions": COLUMNS["transactions"]}, lookback_days=365)
    )
    assert held(store, gone) == {}


def test_a_publish_of_the_past_changes_no_newer_history(store, publish, tables):
    publish()
    someone = buyers(tables, since=AS_OF - 30 * DAY, until=AS_OF)
    before = held(store, someone)
    publish(as_of=AS_OF - DAY)
    assert held(store, someone) == before


def test_customers_with_events_that_are_not_covered_are_scored_again(store, publish, tables):
    covered, open_ = sorted(buyers(tables, since=AS_OF - 30 * DAY, until=AS_OF))[:2]
    events = [
        Event(customer_id=each, table="complaints", row={"opened_at": at}, known_at=at)
        for each, at in ((covered, AS_OF - DAY), (open_, AS_OF))
    ]
    store.database.write(
        partial(
            record_events, entries=entries_of(events, received_at=AS_OF), database=store.database
        )
    )
    publish()
    taken = store.database.write(
        partial(take_customers, lease="l", now=AS_OF, until=AS_OF + DAY, at_most=10)
    )
    assert [each.customer_id for each in taken] == [open_]


def test_a_company_that_lost_a_column_cannot_publish(publish):
    columns = COLUMNS | {"complaints": COLUMNS["complaints"] | {"shoe_size"}}
    with pytest.raises(NotReady, match="shoe_size"):
        publish(bundle=SimpleNamespace(columns=columns, lookback_days=365))


def test_who_was_erased_since_is_left_out(store, publish, tables):
    erased, other = sorted(buyers(tables, since=AS_OF - 30 * DAY, until=AS_OF))[:2]
    store.erasures.erase(erased, now=lambda: AS_OF + DAY)
    publish()
    assert set(held(store, [erased, other])) == {other}
