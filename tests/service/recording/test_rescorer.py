"""Customers with news are scored again: all of them, once, and nobody is harmed by another."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic, sleep
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from ebbtide.store.rescore_queue import count_waiting, take_customers
from ebbtide.store.schema.scores import PREDICTIONS
from ebbtide.store.store import StoreUnavailable
from service.recording import known_now
from service.recording import rescorer as module

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
WITHOUT_PAYMENTS = {
    "transactions": ("occurred_at", "amount", "discount"),
    "complaints": ("opened_at", "resolved_at", "severity"),
}
WITHOUT_DISCOUNT = WITHOUT_PAYMENTS | {
    "transactions": ("occurred_at", "amount"),
    "payments": ("due_at", "paid_at"),
}
NAMES = (
    "recency_days",
    "spend_365d",
    "purchase_days_90d",
    "discount_share_365d",
    "complaints_90d",
    "complaint_open_days",
    "payments_overdue",
)
FIRST = {"occurred_at": "2025-11-22T00:00:00Z", "amount": 50.0, "discount": 0}
OPENED = {"opened_at": "2026-03-02T11:00:00Z", "severity": 4}


@pytest.fixture
def complain(quiet):
    def sent(*customer_ids, **more):
        rows = [{"customer_id": each, **OPENED, **more} for each in customer_ids]
        answer = quiet.post("/v1/events", json={"events": {"complaints": rows}})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return sent


@pytest.fixture
def waiting(store):
    def count():
        with store.database.read() as connection:
            return count_waiting(connection)

    return count


def test_the_next_answer_has_seen_the_complaint(quiet, store, rescorer, publish, complain, waiting):
    publish("c-1", as_of=MIDNIGHT)
    complain("c-1")
    assert rescorer.rescore_some() == 1
    (answer,) = store.predictions_of("c-1")
    assert (answer.status, answer.warnings) == ("scored", ())
    with store.database.read() as connection:
        packed = connection.execute(select(PREDICTIONS.c.feature_values)).scalar_one()
    values = dict(zip(NAMES, np.frombuffer(packed), strict=True))
    assert (values["complaints_90d"], values["complaint_open_days"]) == (1.0, pytest.approx(1 / 24))
    assert values["recency_days"] == pytest.approx(100.5)
    assert waiting() == 0


def test_the_newest_event_is_seen_though_the_clock_stands(store, rescorer, complain, clock):
    complain("c-1")
    rescorer.rescore_some()
    (answer,) = store.predictions_of("c-1")
    assert answer.as_of == clock.now + timedelta(microseconds=1)


def test_it_answers_as_if_all_events_had_been_sent(
    quiet, store, rescorer, publish, complain, clock
):
    publish("c-1", as_of=MIDNIGHT)
    complain("c-1")
    bought = {"occurred_at": "2026-03-02T11:30:00Z", "amount": 12.5, "discount": 2.5}
    row = {"customer_id": "c-1", **bought}
    assert (
        quiet.post("/v1/events", json={"events": {"transactions": [row]}}).json()["rescoring"] == 1
    )
    rescorer.rescore_some()
    (recorded,) = store.predictions_of("c-1")
    clock.now += timedelta(seconds=1)
    events = {
        "transactions": [FIRST, bought],
        "complaints": [OPENED | {"resolved_at": None}],
        "payments": [],
    }
    asked = {"customer_id": "c-1", "as_of": recorded.as_of.isoformat(), "events": events}
    quiet.post("/v1/score", json=asked)
    at_once, again = store.predictions_of("c-1")
    assert again == recorded
    unlike = {"prediction_id": "", "scored_at": clock.now}
    assert replace(at_once, **unlike) == replace(recorded, **unlike)


def test_a_customer_of_whom_nothing_is_known_is_scored_on_the_events(store, rescorer, quiet):
    bought = {"customer_id": "new", "occurred_at": "2026-03-01T00:00:00Z", "amount": 9.0}
    quiet.post("/v1/events", json={"events": {"transactions": [bought]}})
    rescorer.rescore_some()
    (answer,) = store.predictions_of("new")
    assert answer.status == "scored"
    assert {each.code for each in answer.warnings} >= {"missing_table"}


@pytest.mark.parametrize(
    ("days", "changed", "reason"),
    [
        pytest.param(8, {}, "history_too_old", id="too old"),
        pytest.param(0, {"lookback_days": 364}, "history_differs", id="too short"),
        pytest.param(0, {"columns": WITHOUT_PAYMENTS}, "history_differs", id="lacks a table"),
        pytest.param(0, {"columns": WITHOUT_DISCOUNT}, "history_differs", id="lacks a column"),
    ],
)
def test_on_a_history_that_does_not_do_nobody_is_scored(
    store, rescorer, layout, publish, complain, days, changed, reason
):
    publish(
        "c-1", as_of=MIDNIGHT - timedelta(days=days), layout=dataclasses.replace(layout, **changed)
    )
    answer = complain("c-1")
    assert (answer["kept"], answer["rescoring"]) == (1, 0)
    assert answer["not_rescored"] == [{"reason": reason, "customers": 1}]
    assert rescorer.rescore_some() == 0
    assert store.predictions_of("c-1") == []


def test_what_the_publish_knew_already_changes_no_score(rescorer, publish, complain):
    publish("c-1", as_of=MIDNIGHT)
    covered = complain("c-1", opened_at="2026-03-01T00:00:00Z", known_at="2026-03-01T23:00:00Z")
    assert covered["not_rescored"] == [{"reason": "covered", "customers": 1}]
    assert rescorer.rescore_some() == 0


def test_who_became_unable_while_waiting_is_skipped(
    store, rescorer, publish, complain, clock, waiting
):
    publish("c-1", as_of=MIDNIGHT)
    complain("c-1")
    clock.now += timedelta(days=30)
    assert rescorer.rescore_some() == 1
    assert store.predictions_of("c-1") == []
    assert waiting() == 0


def test_a_process_that_was_killed_loses_nobody(store, rescorer, complain, clock, waiting):
    complain("c-1")
    unit = partial(
        take_customers,
        lease="killed",
        now=clock.now,
        until=clock.now + timedelta(seconds=15),
        at_most=9,
    )
    store.database.write(unit)
    assert rescorer.rescore_some() == 0
    clock.now += timedelta(seconds=15)
    assert rescorer.rescore_some() == 1
    assert len(store.predictions_of("c-1")) == 1
    assert waiting() == 0


def test_who_lost_the_lease_records_nothing(store, rescorer, complain, clock, monkeypatch, waiting):
    complain("c-1")

    def taken_over_meanwhile(*given, **named):
        late = clock.now + timedelta(seconds=15)
        store.database.write(
            partial(
                take_customers,
                lease="theirs",
                now=late,
                until=late + timedelta(seconds=15),
                at_most=9,
            )
        )
        return answer(*given, **named)

    answer = module.answer_request
    monkeypatch.setattr(module, "answer_request", taken_over_meanwhile)
    rescorer.rescore_some()
    assert store.predictions_of("c-1") == []
    assert waiting() == 1


def test_news_that_comes_while_one_is_scored_is_scored_next(
    store, rescorer, publish, complain, monkeypatch
):
    publish("c-1", as_of=MIDNIGHT)
    complain("c-1")

    def more_meanwhile(*given, **named):
        monkeypatch.setattr(module, "answer_request", answer)
        complain("c-1", opened_at="2026-03-02T10:00:00Z")
        return answer(*given, **named)

    answer = module.answer_request
    monkeypatch.setattr(module, "answer_request", more_meanwhile)
    assert [rescorer.rescore_some() for _ in range(3)] == [1, 1, 0]
    second, first = sorted(store.predictions_of("c-1"), key=lambda each: -each.churn_probability)
    assert second.churn_probability > first.churn_probability


def test_one_that_cannot_be_scored_harms_no_other(
    store, rescorer, complain, clock, monkeypatch, waiting
):
    complain("bad", "c-1", "c-2")
    known = known_now.known_rows

    def broken(history, events):
        if events[0].customer_id == "bad":
            raise RuntimeError
        return known(history, events)

    monkeypatch.setattr(known_now, "known_rows", broken)
    assert rescorer.rescore_some() == 3
    assert [len(store.predictions_of(each)) for each in ("c-1", "c-2", "bad")] == [1, 1, 0]
    assert waiting() == 1
    for _ in range(4):
        assert rescorer.rescore_some() == 0  # not at once again
        clock.now += timedelta(seconds=5)
        assert rescorer.rescore_some() == 1
    assert waiting() == 0  # given up after five attempts


def test_nobody_is_lost_when_the_answer_cannot_be_recorded(
    store, rescorer, complain, clock, monkeypatch
):
    complain("c-1")

    def unavailable(*_given, **_named):
        raise StoreUnavailable("record the predictions")

    with monkeypatch.context() as broken:
        broken.setattr(store, "add_predictions", unavailable)
        with pytest.raises(StoreUnavailable):
            rescorer.rescore_some()
    clock.now += timedelta(seconds=15)
    assert rescorer.rescore_some() == 1
    assert len(store.predictions_of("c-1")) == 1


def test_without_a_model_they_wait(desk, complain, rescorer, waiting, monkeypatch):
    complain("c-1")
    without = dataclasses.replace(desk, supply=SimpleNamespace(current=None, complaint=None))
    assert module.Rescorer(without, poll_seconds=60.0).rescore_some() == 0
    assert waiting() == 1


def test_the_counters_say_what_was_done(quiet, rescorer, publish, complain, clock):
    publish("c-1", as_of=MIDNIGHT)
    complain("c-1", "c-1")
    clock.now += timedelta(seconds=2)
    rescorer.rescore_some()
    lines = quiet.get("/metrics").text.splitlines()
    assert 'ebbtide_events_total{outcome="kept"} 1.0' in lines
    assert 'ebbtide_events_total{outcome="already_known"} 1.0' in lines
    assert 'ebbtide_rescored_total{status="scored"} 1.0' in lines
    assert "ebbtide_rescore_lag_seconds_sum 2.0" in lines
    assert "ebbtide_rescore_queue_customers 1.0" in lines


def test_the_thread_wakes_when_events_come(client, store):
    rows = [{"customer_id": "c-1", **OPENED}]
    client.post("/v1/events", json={"events": {"complaints": rows}})
    ends_at = monotonic() + 5.0
    while not store.predictions_of("c-1") and monotonic() < ends_at:
        sleep(0.005)
    assert len(store.predictions_of("c-1")) == 1
