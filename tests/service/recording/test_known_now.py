"""Who is asked about without features is answered from all that is known, as the re-scorer does."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from msgspec.structs import replace

from ebbtide.errors import ContractError
from small_model import FEATURES

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
OPENED = {"opened_at": "2026-03-02T11:00:00Z", "severity": 4}


@pytest.fixture
def snapshot(store, bundle):
    def stored(*customer_ids, as_of=MIDNIGHT):
        rows = [{**FEATURES, "customer_id": each, "as_of": as_of} for each in customer_ids]
        store.publish_snapshots(pd.DataFrame(rows), basis=bundle.basis)

    return stored


@pytest.fixture
def complain(quiet):
    def sent(*customer_ids):
        rows = [{"customer_id": each, **OPENED} for each in customer_ids]
        answer = quiet.post("/v1/events", json={"events": {"complaints": rows}})
        assert answer.json()["kept"] == len(rows), answer.text

    return sent


@pytest.fixture
def ask(quiet):
    def asked(customer_id, **more):
        return quiet.post("/v1/score", json={"customer_id": customer_id, **more})

    return asked


def codes(answer):
    return [each["code"] for each in answer["warnings"]]


@pytest.mark.parametrize(
    ("has_history", "has_snapshot"),
    [
        pytest.param(True, True, id="published"),
        pytest.param(True, False, id="a-history-alone"),
        pytest.param(False, False, id="new"),
    ],
)
def test_it_says_what_the_rescorer_said(
    store, rescorer, publish, snapshot, complain, ask, has_history, has_snapshot
):
    if has_history:
        publish("c-1", as_of=MIDNIGHT)
    if has_snapshot:
        snapshot("c-1")
    complain("c-1")
    assert rescorer.rescore_some() == 1
    assert ask("c-1").status_code == 200
    recorded, asked = store.predictions_of("c-1")
    assert recorded.status == ("scored" if has_history else "abstained")
    assert replace(asked, prediction_id="") == replace(recorded, prediction_id="")


def test_newer_events_count_in_each_row_of_the_customer_and_in_no_other(
    quiet, publish, snapshot, complain, ask
):
    publish("c-1", "c-2", as_of=MIDNIGHT)
    snapshot("c-1", "c-2")
    before = ask("c-1").json()
    complain("c-1")
    ids = ["c-1", "c-2", "c-1", "nobody"]
    body = {"rows": [{"customer_id": each} for each in ids]}
    results = quiet.post("/v1/scores", json=body).json()["results"]
    first, other, again, unknown = (each.get("answer", each) for each in results)
    assert first["as_of"] > other["as_of"] == before["as_of"]
    assert first["churn_probability"] == again["churn_probability"] != other["churn_probability"]
    assert "newer_events" not in codes(first) + codes(other)
    assert "unknown-customer" in str(unknown)


def test_an_instant_that_was_asked_for_is_answered_from_the_snapshot(
    publish, snapshot, complain, ask, clock
):
    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1")
    complain("c-1")
    clock.now += timedelta(seconds=1)
    answer = ask("c-1", as_of=clock.now.isoformat()).json()
    assert (answer["as_of"], codes(answer)) == ("2026-03-02T00:00:00Z", ["newer_events"])


def test_what_the_request_says_besides_still_counts(publish, snapshot, complain, ask):
    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1")
    complain("c-1")
    answer = ask("c-1", value=123.0, interval=True).json()
    assert answer["as_of"] > "2026-03-02T12"
    assert answer["value"] == 123.0
    assert answer["churn_probability_low"] < answer["churn_probability_high"]


@pytest.mark.parametrize(
    "days",
    [pytest.param(None, id="no-history"), pytest.param(8, id="history-too-old")],
)
def test_where_an_obstacle_stands_the_snapshot_answers_and_warns(
    publish, snapshot, complain, ask, days
):
    as_of = MIDNIGHT - timedelta(days=days or 0)
    if days is not None:
        publish("c-1", as_of=as_of)
    snapshot("c-1", as_of=as_of)
    complain("c-1")
    answer = ask("c-1").json()
    assert datetime.fromisoformat(answer["as_of"]) == as_of
    assert "newer_events" in codes(answer)


def test_events_that_mean_something_else_to_the_model_leave_the_snapshot(
    publish, snapshot, complain, ask, monkeypatch
):
    def unknown(_names):
        raise ContractError("The catalogue has no such feature.")

    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1")
    complain("c-1", "new")
    monkeypatch.setattr("service.scoring.answering.features_named", unknown)
    assert codes(ask("c-1").json()) == ["newer_events"]
    assert ask("new").status_code == 404


def test_a_customer_with_a_history_alone_is_no_stranger(publish, ask):
    publish("c-1", as_of=MIDNIGHT)
    assert ask("c-1").json()["status"] == "scored"
    assert ask("c-2").status_code == 404


def test_without_news_no_history_is_read(publish, snapshot, ask, monkeypatch):
    def never(*_given, **_named):
        raise AssertionError

    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1")
    monkeypatch.setattr("service.scoring.stored.known_now", never)
    assert ask("c-1").json()["as_of"] == "2026-03-02T00:00:00Z"


def test_the_time_for_computing_from_events_bounds_it_too(
    quiet, desk, publish, snapshot, complain, ask
):
    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1", "c-2")
    complain("c-1")
    hasty = desk.settings.model_copy(update={"event_deadline_seconds": 0.0})
    quiet.app.state.desk = dataclasses.replace(desk, settings=hasty)
    assert ask("c-1").json()["type"].endswith("busy")
    assert ask("c-2").status_code == 200


def test_it_takes_a_turn(quiet, desk, publish, snapshot, complain, ask):
    publish("c-1", as_of=MIDNIGHT)
    snapshot("c-1")
    complain("c-1")
    with desk.event_turns.turn(), desk.event_turns.turn():
        assert ask("c-1").status_code == 503
    assert ask("c-1").status_code == 200
