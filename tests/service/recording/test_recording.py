"""Events over HTTP: kept once, before the answer, each row for itself; customers are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from ebbtide.store.events import events_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
COMPLAINT = {"customer_id": "c-1", "opened_at": "2026-03-02T11:00:00Z", "severity": 4}
BOUGHT = {"customer_id": "c-1", "occurred_at": "2026-02-20T10:00:00Z", "amount": 60.0}


def post(client, headers=None, **tables):
    return client.post("/v1/events", json={"events": tables}, headers=headers)


def kept(store, customer_id="c-1"):
    with store.database.read() as connection:
        return events_of(connection, [customer_id]).get(customer_id, [])


def test_a_row_is_on_disk_before_the_answer(client, store):
    answer = post(client, complaints=[COMPLAINT])
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "kept": 1,
        "already_known": 0,
        "erased": 0,
        "failed": 0,
        "customers": 1,
        "rescoring": 1,
        "not_rescored": [],
        "unread_tables": [],
        "problems": [],
        "more_problems": 0,
    }
    (event,) = kept(store)
    assert event.row == {"opened_at": NOW - timedelta(hours=1), "severity": 4.0}
    assert event.known_at == NOW


def test_a_row_that_is_sent_again_is_known_already(client, store):
    post(client, complaints=[COMPLAINT])
    again = post(client, complaints=[COMPLAINT, COMPLAINT]).json()
    assert (again["kept"], again["already_known"], again["customers"]) == (0, 2, 0)
    assert len(kept(store)) == 1


def test_equal_rows_with_ids_of_their_own_are_two(client, store):
    rows = [{**BOUGHT, "event_id": "o1"}, {**BOUGHT, "event_id": "o2"}]
    assert post(client, transactions=rows).json()["kept"] == 2
    assert [event.event_id for event in kept(store)] == ["o1", "o2"]


def test_a_request_with_a_key_is_answered_alike_and_changes_nothing(client, store):
    key = {"Idempotency-Key": "k1"}
    first, second = (post(client, headers=key, complaints=[COMPLAINT]) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_good_rows_are_kept_and_bad_ones_named(client, store):
    rows = [{**COMPLAINT, "severity": 9}, COMPLAINT, {"opened_at": "2026-03-01"}]
    answer = post(client, complaints=rows).json()
    assert (answer["kept"], answer["failed"]) == (1, 2)
    assert [fault["pointer"] for fault in answer["problems"]] == [
        "/events/complaints/0/severity",
        "/events/complaints/2/opened_at",
        "/events/complaints/2/customer_id",
    ]


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        pytest.param({"occurred_at": "2026-03-02T12:00:01Z"}, "occurred_at", id="happens later"),
        pytest.param({"known_at": "2026-03-03T12:00:00Z"}, "known_at", id="known later"),
        pytest.param({"customer_id": ""}, "customer_id", id="nobody"),
        pytest.param({"event_id": 7}, "event_id", id="a number as id"),
        pytest.param({"amount": "60"}, "amount", id="text as amount"),
    ],
)
def test_a_row_that_breaks_its_contract_is_refused(client, store, row, pointer):
    answer = post(client, transactions=[{**BOUGHT, **row}])
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == f"/events/transactions/0/{pointer}"
    assert kept(store) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="array"),
        pytest.param({}, id="empty"),
        pytest.param({"events": {}}, id="no table"),
        pytest.param({"events": {"transactions": []}}, id="no row"),
        pytest.param({"events": {"transactions": {}}}, id="no array"),
        pytest.param({"events": {"orders": [BOUGHT]}}, id="unknown table"),
        pytest.param({"events": {"transactions": [BOUGHT]}, "x": 1}, id="unknown name"),
        pytest.param({"events": {"transactions": [7]}}, id="no object"),
        pytest.param({"events": {"transactions": [BOUGHT] * 121}}, id="too many"),
    ],
)
def test_a_body_without_a_good_row_is_refused(client, body):
    answer = client.post("/v1/events", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_payment_may_fall_due_later(client):
    due = {"customer_id": "c-1", "due_at": "2026-04-01T00:00:00Z", "amount": 9.0}
    assert post(client, payments=[due]).json()["kept"] == 1


def test_tables_that_the_model_does_not_read_are_named(client):
    seen = {"customer_id": "c-9", "occurred_at": "2026-03-01T00:00:00Z", "kind": "login"}
    answer = post(client, activity=[seen]).json()
    assert answer["unread_tables"] == ["activity"]
    assert answer["not_rescored"] == [{"reason": "not_read", "customers": 1}]


def test_a_customer_with_a_snapshot_but_no_history_is_not_scored_again(client, store, bundle):
    names = [feature.name for feature in bundle.scorer.features]
    frame = pd.DataFrame(np.zeros((1, len(names))), columns=names)
    frame.insert(0, "customer_id", ["c-1"])
    frame.insert(1, "as_of", pd.to_datetime(["2026-03-01T00:00:00Z"], utc=True))
    store.publish_snapshots(frame, basis=bundle.basis)
    answer = post(client, complaints=[COMPLAINT, {**COMPLAINT, "customer_id": "c-2"}]).json()
    assert (answer["customers"], answer["rescoring"]) == (2, 1)
    assert answer["not_rescored"] == [{"reason": "no_history", "customers": 1}]


@pytest.mark.parametrize(
    ("day", "told"), [(1, []), (2, [{"reason": "no_history", "customers": 1}])]
)
def test_a_history_that_is_older_than_the_snapshot_is_none(
    client, store, bundle, publish, day, told
):
    publish("c-1", as_of=datetime(2026, 3, 1, tzinfo=UTC))
    names = [feature.name for feature in bundle.scorer.features]
    frame = pd.DataFrame(np.zeros((1, len(names))), columns=names)
    frame.insert(0, "customer_id", ["c-1"])
    frame.insert(1, "as_of", [datetime(2026, 3, day, tzinfo=UTC)])
    store.publish_snapshots(frame, basis=bundle.basis)
    assert post(client, complaints=[COMPLAINT]).json()["not_rescored"] == told


def test_a_large_request_is_kept_part_by_part(client, store, monkeypatch):
    monkeypatch.setattr("service.recording.keeping._PART", 2)
    rows = [{**BOUGHT, "event_id": f"o{number}"} for number in range(5)]
    answer = post(client, transactions=[*rows, rows[0]]).json()
    assert (answer["kept"], answer["already_known"], answer["customers"]) == (5, 1, 1)
    assert len(kept(store)) == 5


def test_a_large_request_that_ended_halfway_can_be_sent_again(client, store, monkeypatch):
    monkeypatch.setattr("service.recording.keeping._PART", 2)
    rows = [{**BOUGHT, "event_id": f"o{number}"} for number in range(5)]
    post(client, transactions=rows[:2])
    key = {"Idempotency-Key": "k1"}
    first, second = (post(client, headers=key, transactions=rows) for _ in range(2))
    assert (first.json()["kept"], first.json()["already_known"]) == (3, 2)
    assert first.json() == second.json()
    assert len(kept(store)) == 5
