"""Events are kept once, in the order in which they were known, and never changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from ebbtide.store.events import (
    Event,
    customers_with_events_since,
    entries_of,
    events_of,
    record_events,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = {"opened_at": NOW - HOUR, "resolved_at": None, "severity": 4.0, "reopened": False}


def event(customer_id="c1", *, known_at=NOW, event_id=None, **changed):
    return Event(
        customer_id=customer_id,
        table="complaints",
        row={**ROW, **changed},
        known_at=known_at,
        event_id=event_id,
    )


@pytest.fixture
def record(store):
    def recorded(*events, at=NOW):
        entries = entries_of(events, received_at=at)
        unit = partial(record_events, entries=entries, database=store.database)
        return store.database.write(unit)

    return recorded


@pytest.fixture
def held(store):
    def read(*customer_ids):
        with store.database.read() as connection:
            return events_of(connection, customer_ids)

    return read


def test_an_event_comes_back_as_it_was_sent(record, held):
    sent = event(category="Lieferung ‒ 送货", event_id="e1")
    assert record(sent) == {"c1": 1}
    assert held("c1", "c2") == {"c1": [sent]}


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(event(), id="at the same time"),
        pytest.param(event(known_at=NOW + HOUR), id="received later"),
    ],
)
def test_what_is_sent_again_is_kept_once(record, held, again):
    record(event())
    assert record(again) == {}
    assert len(held("c1")["c1"]) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(event("c2"), id="customer"),
        pytest.param(event(event_id="e2"), id="event_id"),
        pytest.param(event(resolved_at=NOW), id="column"),
        pytest.param(event(channel="web"), id="further column"),
    ],
)
def test_what_differs_is_another_event(record, other):
    record(event())
    assert sum(record(other).values()) == 1


def test_events_come_in_the_order_in_which_they_were_known(record, held):
    record(event(known_at=NOW, severity=1.0))
    record(event(known_at=NOW - HOUR, severity=2.0), event(known_at=NOW - HOUR, severity=3.0))
    assert [each.row["severity"] for each in held("c1")["c1"]] == [2.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("instant", "is_newer"),
    [(NOW - HOUR, True), (NOW, True), (NOW + timedelta(microseconds=1), False)],
)
def test_an_answer_has_not_seen_what_was_known_at_its_instant_or_later(
    store, record, instant, is_newer
):
    record(event())
    with store.database.read() as connection:
        found = customers_with_events_since(connection, ["c1", "c2"], instant)
        assert found == (["c1"] if is_newer else [])


@pytest.mark.parametrize(
    ("before", "is_seen"), [(NOW, False), (NOW + timedelta(microseconds=1), True)]
)
def test_what_was_known_at_an_instant_was_not_known_before_it(store, record, before, is_seen):
    record(event())
    with store.database.read() as connection:
        found = customers_with_events_since(connection, ["c1"], NOW - HOUR, before=before)
    assert found == (["c1"] if is_seen else [])
