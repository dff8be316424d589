"""Events are laid over the last publish: nothing is counted twice, and what completes completes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.store.events import Event
from ebbtide.store.histories import History, Layout
from service.recording.known_rows import known_rows

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = AS_OF - HOUR
NEW = AS_OF + HOUR
CLOSED = AS_OF + 2 * HOUR
LAYOUT = Layout(columns={}, lookback_days=365)


def history(**rows):
    return History(as_of=AS_OF, layout=LAYOUT, rows=rows)


def event(table, *, known_at=CLOSED, event_id=None, **row):
    return Event(customer_id="c", table=table, row=row, known_at=known_at, event_id=event_id)


PUBLISHED = history(
    transactions=[{"occurred_at": LATE, "amount": 12.3457, "order_id": "o1", "channel": None}],
    complaints=[{"opened_at": LATE, "resolved_at": None, "severity": 4.0}],
    payments=[
        {"due_at": LATE, "paid_at": None, "amount": 5.0},
        {"due_at": LATE, "paid_at": None, "amount": 7.0},
    ],
    customers=[{"known_at": LATE, "segment": "a"}],
)


def test_without_events_it_is_what_was_published():
    assert known_rows(PUBLISHED, []) == PUBLISHED.rows


def test_the_published_rows_are_not_touched():
    before = {name: [dict(row) for row in rows] for name, rows in PUBLISHED.rows.items()}
    known_rows(PUBLISHED, [event("complaints", opened_at=LATE, resolved_at=CLOSED)])
    assert PUBLISHED.rows == before


def test_without_a_history_it_is_the_events():
    bought = {"occurred_at": NEW, "amount": 1.0}
    assert known_rows(None, [event("transactions", **bought)]) == {"transactions": [bought]}


@pytest.mark.parametrize(
    ("known_at", "count"),
    [(AS_OF - timedelta(microseconds=1), 1), (AS_OF, 2)],
    ids=["covered", "not covered"],
)
def test_what_was_known_before_the_publish_is_in_it(known_at, count):
    one = event("transactions", known_at=known_at, occurred_at=LATE, amount=99.0)
    assert len(known_rows(PUBLISHED, [one])["transactions"]) == count


@pytest.mark.parametrize(
    ("row", "count"),
    [
        pytest.param({"occurred_at": LATE, "amount": 12.3457}, 1, id="the same"),
        pytest.param({"occurred_at": LATE, "amount": 12.34567}, 1, id="the same when rounded"),
        pytest.param({"occurred_at": LATE, "amount": 12.35}, 2, id="another amount"),
        pytest.param({"occurred_at": LATE, "amount": 12.3457, "order_id": "o2"}, 2, id="order"),
        pytest.param({"occurred_at": NEW, "amount": 12.3457}, 2, id="another time"),
    ],
)
def test_a_published_row_that_is_sent_late_is_not_counted_twice(row, count):
    assert len(known_rows(PUBLISHED, [event("transactions", **row)])["transactions"]) == count


def test_each_published_row_is_met_by_one_event_only():
    same = {"occurred_at": LATE, "amount": 12.3457}
    events = [event("transactions", event_id=name, **same) for name in ("e1", "e2")]
    assert len(known_rows(PUBLISHED, events)["transactions"]) == 2


def test_a_resolution_completes_the_published_complaint():
    closed = event("complaints", opened_at=LATE, resolved_at=CLOSED)
    assert known_rows(PUBLISHED, [closed])["complaints"] == [
        {"opened_at": LATE, "resolved_at": CLOSED, "severity": 4.0}
    ]


def test_the_last_version_wins():
    versions = [
        event("complaints", opened_at=NEW, severity=2.0),
        event("complaints", opened_at=NEW, severity=5.0, resolved_at=CLOSED),
        event("complaints", opened_at=NEW, resolved_at=None),
    ]
    assert known_rows(None, versions)["complaints"] == [
        {"opened_at": NEW, "severity": 5.0, "resolved_at": None}
    ]


def test_before_a_completion_was_known_it_is_not_there():
    opened = event("complaints", known_at=NEW, opened_at=NEW)
    closed = event("complaints", known_at=CLOSED, opened_at=NEW, resolved_at=CLOSED)
    known_then = [each for each in (opened, closed) if each.known_at < CLOSED]
    assert known_rows(None, known_then)["complaints"] == [{"opened_at": NEW}]


def test_a_completed_row_is_known_since_its_first_version():
    opened = event("complaints", known_at=NEW, opened_at=NEW, severity=5.0)
    closed = event("complaints", known_at=CLOSED, opened_at=NEW, resolved_at=CLOSED)
    versions = [
        replace(each, row={**each.row, "known_at": each.known_at}) for each in (opened, closed)
    ]
    (row,) = known_rows(None, versions)["complaints"]
    assert (row["known_at"], row["resolved_at"]) == (NEW, CLOSED)


def test_complaints_of_one_instant_with_ids_of_their_own_are_two():
    two = [event("complaints", event_id=name, opened_at=NEW) for name in ("e1", "e2")]
    assert len(known_rows(None, two)["complaints"]) == 2


def test_a_payment_is_told_apart_by_its_amount():
    paid = event("payments", due_at=LATE, amount=7.0, paid_at=CLOSED)
    assert known_rows(PUBLISHED, [paid])["payments"] == [
        {"due_at": LATE, "paid_at": None, "amount": 5.0},
        {"due_at": LATE, "paid_at": CLOSED, "amount": 7.0},
    ]


def test_an_event_with_the_same_id_corrects_the_one_before():
    wrong = event("transactions", event_id="o7", occurred_at=NEW, amount=10.0, channel="web")
    right = event("transactions", event_id="o7", occurred_at=NEW, amount=100.0)
    assert known_rows(None, [wrong, right])["transactions"] == [
        {"occurred_at": NEW, "amount": 100.0, "channel": "web"}
    ]


def test_a_customer_has_one_row_known_since_the_first():
    moved = event("customers", segment="b", known_at=CLOSED)
    assert known_rows(PUBLISHED, [moved])["customers"] == [{"known_at": LATE, "segment": "b"}]


def test_a_table_that_was_not_published_is_added():
    seen = event("activity", occurred_at=NEW)
    assert known_rows(PUBLISHED, [seen])["activity"] == [{"occurred_at": NEW}]
