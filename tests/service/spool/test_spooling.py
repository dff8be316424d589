"""Scores are given though the log cannot be written, where that is allowed, and come into it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import timedelta

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from ebbtide.store.sql import open_store
from ebbtide.store.store import StoreOutcomeUnknown
from service.app import create_app
from small_model import NOW, ROW


@pytest.fixture
def hurried(tmp_path):
    made = open_store(f"sqlite:///{tmp_path}/store.db", folder=tmp_path, busy_seconds=0.05)
    yield made
    made.close()


def service(settings, bundle, store, **changes):
    changed = settings.model_copy(update=changes)
    return TestClient(create_app(changed, model=bundle, store=store, now=lambda: NOW))


@contextmanager
def held(tmp_path):
    """Let another process hold the store."""
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def ids_in(store):
    return [answer.prediction_id for answer in store.predictions_of("c-1")]


def wait_for(claim):
    ends_at = time.monotonic() + 5
    while not claim():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def test_by_default_a_score_that_cannot_be_logged_is_refused(settings, bundle, hurried, tmp_path):
    with service(settings, bundle, hurried) as client, held(tmp_path):
        assert client.post("/v1/score", json=ROW).status_code == 503
    assert ids_in(hurried) == []


def test_spooled_answers_warn_and_come_into_the_log_once(settings, bundle, hurried, tmp_path):
    with service(settings, bundle, hurried, log_required=False) as client:
        with held(tmp_path):
            one = client.post("/v1/score", json=ROW).json()
            (other, failed) = client.post(
                "/v1/scores", json={"rows": [ROW, {"customer_id": ""}]}
            ).json()["results"]
            ready = client.get("/readyz").json()
        assert [each["warnings"][-1]["code"] for each in (one, other)] == ["log_spooled"] * 2
        assert failed["status"] == "failed"
        assert ready["state"] == "degraded"
        assert "2 answer(s) wait in the spool" in " ".join(ready["reasons"])
        wait_for(lambda: client.app.state.desk.spool.waiting == 0)
        assert sorted(ids_in(hurried)) == sorted([one["prediction_id"], other["prediction_id"]])
        assert "ebbtide_spooled_answers_total 2.0" in client.get("/metrics").text
        direct = client.post("/v1/score", json=ROW).json()
        assert "log_spooled" not in [warning["code"] for warning in direct["warnings"]]
        assert client.get("/readyz").json()["state"] == "ready"
    assert len(ids_in(hurried)) == 3


def test_an_answer_is_current_from_when_the_log_took_it(settings, bundle, hurried, tmp_path):
    clock = [NOW]
    changed = settings.model_copy(update={"log_required": False})
    app = create_app(changed, model=bundle, store=hurried, now=lambda: clock[0])
    with TestClient(app) as client:
        with held(tmp_path):
            client.post("/v1/score", json=ROW)
            clock[0] = NOW + timedelta(hours=1)
        wait_for(lambda: client.get("/v1/scores").json()["results"])
        since = {"updated_since": clock[0].isoformat()}
        (row,) = client.get("/v1/scores", params=since).json()["results"]
    assert row["updated_at"] == clock[0].isoformat().replace("+00:00", "Z")


def test_an_error_that_nobody_foresaw_does_not_end_the_replaying(
    settings, bundle, hurried, tmp_path, monkeypatch
):
    broken = []

    def break_once(*_args, **_named):
        monkeypatch.undo()
        broken.append(True)
        raise ValueError("of another kind")

    with service(settings, bundle, hurried, log_required=False) as client:
        with held(tmp_path):
            spooled = client.post("/v1/score", json=ROW).json()
            monkeypatch.setattr(client.app.state.desk.store, "add_predictions", break_once)
        wait_for(lambda: ids_in(hurried) == [spooled["prediction_id"]])
    assert broken == [True]


def test_a_request_with_a_key_is_refused_all_the_same(settings, bundle, hurried, tmp_path):
    with service(settings, bundle, hurried, log_required=False) as client, held(tmp_path):
        answer = client.post("/v1/score", json=ROW, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 503


def test_a_full_spool_refuses(settings, bundle, hurried, tmp_path):
    changes = {"log_required": False, "spool_max_bytes": 6000}
    with service(settings, bundle, hurried, **changes) as client, held(tmp_path):
        asked = [client.post("/v1/score", json=ROW) for _ in range(4)]
    assert (asked[0].status_code, asked[-1].status_code) == (200, 503)
    assert asked[-1].json()["type"] == "urn:ebbtide:problem:store-unavailable"
    assert len(ids_in(hurried)) == sum(each.status_code == 200 for each in asked)


def test_what_a_killed_process_had_spooled_comes_into_the_log(settings, bundle, hurried, tmp_path):
    app = create_app(
        settings.model_copy(update={"log_required": False}),
        model=bundle,
        store=hurried,
        now=lambda: NOW,
    )
    client = TestClient(app)  # never started, nor ended: as a process that is killed
    with held(tmp_path):
        spooled = client.post("/v1/score", json=ROW).json()
    desk = app.state.desk
    os.close(desk.spool._descriptor)  # what the end of the process does to its lock
    desk.spool._path = None
    with service(settings, bundle, hurried):
        wait_for(lambda: ids_in(hurried) == [spooled["prediction_id"]])
    with service(settings, bundle, hurried):
        assert ids_in(hurried) == [spooled["prediction_id"]]


def test_an_answer_that_is_in_the_log_already_is_not_added_again(
    settings, bundle, hurried, tmp_path
):
    with service(settings, bundle, hurried, log_required=False) as client:
        with held(tmp_path):
            client.post("/v1/score", json=ROW)
            (file,) = (tmp_path / ".ebbtide" / "service" / "spool").iterdir()
            copy = file.read_bytes()
        wait_for(lambda: len(ids_in(hurried)) == 1)
        file.with_name("left.jsonl").write_bytes(copy)
        wait_for(lambda: not file.with_name("left.jsonl").exists())
        assert len(ids_in(hurried)) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/score", ROW), ("/v1/score", ROW | {"features": None}), ("/v1/scores", {"rows": [ROW]})],
    ids=["single", "stored", "list"],
)
def test_what_may_be_in_the_log_is_not_spooled_besides(
    settings, bundle, hurried, monkeypatch, path, body
):
    basis = bundle.basis
    frame = pd.DataFrame([{"customer_id": "c-1", "as_of": NOW, **ROW["features"]}])
    hurried.publish_snapshots(frame, basis=basis)
    asked = []

    def unknown(*_given, **_more):
        asked.append(path)
        raise StoreOutcomeUnknown("record the predictions")

    monkeypatch.setattr(hurried, "add_predictions", unknown)
    with service(settings, bundle, hurried, log_required=False) as client:
        answer = client.post(path, json=body)
        assert client.app.state.desk.spool.waiting == 0
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:ebbtide:problem:store-outcome-unknown"
    assert "Idempotency-Key" in answer.json()["detail"]
    assert len(asked) == 1
