"""What customers may ask for, over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace
from sqlalchemy import select

from ebbtide.pseudonym import pseudonym
from ebbtide.store.preferences import Preferences, keep_preferences
from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from ebbtide.store.store import Prediction
from service.app import create_app
from service.fast import groups, many
from service.privacy import routes as privacy
from service.scoring import routes
from small_model import NOW

FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
ROW = {"customer_id": "canary-1", "features": FEATURES}
OUT = {"profiling_opt_out": True, "contact_opt_out": False}
PATH = "/v1/customers/canary-1"


def scored(client, **changes):
    answer = client.post("/v1/score", json={**ROW, **changes})
    assert answer.status_code == 200
    return answer.json()


def test_what_is_held_is_exported_by_table(client):
    prediction_id = scored(client)["prediction_id"]
    export = client.get(f"{PATH}/export").json()
    (logged,) = export["tables"]["predictions"]
    assert logged["answer"]["prediction_id"] == prediction_id
    assert logged["features"]["spend_365d"] == 840.5
    assert logged["features"]["complaint_open_days"] is None
    assert export["tables"]["current_scores"][0]["prediction_id"] == prediction_id
    assert export["preferences"] == {
        "profiling_opt_out": False,
        "contact_opt_out": False,
        "updated_at": None,
    }


def test_of_an_unknown_customer_nothing_is_exported(client):
    assert client.get(f"{PATH}/export").json()["tables"] == {}


def test_after_an_erasure_nothing_is_held(client, store):
    scored(client)
    erased = client.delete(PATH).json()
    assert erased["tables"]["predictions"] == 1
    assert erased["rows"] == sum(erased["tables"].values())
    assert client.get(f"{PATH}/export").json()["tables"] == {}
    assert store.predictions_of("canary-1") == []
    again = client.delete(PATH)
    assert (again.status_code, again.json()["rows"]) == (200, 0)


def test_whether_a_customer_was_known_does_not_show_in_the_shape_of_the_answer(client):
    scored(client)
    known, unknown = client.delete(PATH), client.delete("/v1/customers/nobody")
    assert known.status_code == unknown.status_code == 200
    assert known.json().keys() == unknown.json().keys()


def test_deeds_name_the_customer_by_pseudonym_only(client, store):
    client.delete(PATH)
    client.get(f"{PATH}/export")
    client.put(f"{PATH}/preferences", json=OUT)
    deeds = client.get("/v1/admin/audit")
    assert "canary-1" not in deeds.text
    key = store.erasures.key
    mine = [each["deed"] for each in deeds.json()["deeds"] if each["subject"]]
    assert mine == ["preferences.kept", "customer.exported", "customer.erased"]
    subjects = {each["subject"] for each in deeds.json()["deeds"] if each["subject"]}
    assert subjects == {pseudonym("canary-1", key=key)}


def test_who_opted_out_of_profiling_is_not_scored_whatever_is_sent(client):
    before = scored(client)
    assert before["status"] == "scored"
    kept = client.put(f"{PATH}/preferences", json=OUT).json()
    assert kept["profiling_opt_out"] is True
    assert kept["updated_at"] is not None
    bought = {"transactions": [{"occurred_at": "2026-02-01T00:00:00Z", "amount": 5}]}
    for changes in ({}, {"features": None, "events": bought}, {"features": None}):
        answer = scored(client, **changes)
        assert (answer["status"], answer["abstain_code"]) == ("abstained", "profiling_opt_out")
        assert answer["churn_probability"] is None
    both = client.post("/v1/scores", json={"rows": [ROW, {**ROW, "customer_id": "other"}]})
    assert [each["status"] for each in both.json()["results"]] == ["abstained", "scored"]
    tables = client.get(f"{PATH}/export").json()["tables"]
    assert "current_scores" not in tables
    assert all(value is None for value in tables["predictions"][-1]["features"].values())


def test_who_opts_in_again_is_scored_again(client):
    client.put(f"{PATH}/preferences", json=OUT)
    client.put(f"{PATH}/preferences", json={**OUT, "profiling_opt_out": False})
    assert scored(client)["status"] == "scored"


def test_who_opted_out_of_contact_gets_no_action_that_needs_consent(client):
    complaining = {"features": {**FEATURES, "complaints_90d": 6}, "value": 1000}
    assert scored(client, **complaining)["action_code"] == "discount_voucher"
    out = {"profiling_opt_out": False, "contact_opt_out": True}
    client.put(f"{PATH}/preferences", json=out)
    for said in (None, False, True):
        answer = scored(client, **complaining, contact_opt_out=said)
        assert answer["action_code"] == "loyalty_points"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/profiling_opt_out"),
        ({"profiling_opt_out": True}, "/contact_opt_out"),
        ({"profiling_opt_out": "yes", "contact_opt_out": False}, "/profiling_opt_out"),
        ({"profiling_opt_out": 1, "contact_opt_out": False}, "/profiling_opt_out"),
        ({**OUT, "marketing": True}, ""),
    ],
)
def test_a_half_or_unclear_decision_is_refused(client, body, pointer):
    answer = client.put(f"{PATH}/preferences", json=body)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert client.get(f"{PATH}/preferences").json()["updated_at"] is None


@pytest.mark.parametrize("method", ["DELETE", "GET"])
@pytest.mark.parametrize("customer_id", ["x" * 129, "bell%07", "%00"])
def test_an_id_that_can_be_none_is_refused(client, method, customer_id):
    suffix = "/export" if method == "GET" else ""
    answer = client.request(method, f"/v1/customers/{customer_id}{suffix}")
    assert answer.status_code == 422
    assert customer_id not in answer.text


def test_who_has_a_slash_in_the_id_is_erased_like_everybody(client):
    address = "/v1/customers/north%2F17"
    assert client.put(f"{address}/preferences", json=OUT).status_code == 200
    assert "north/17" in client.get(f"{address}/export").text
    assert client.delete(address).json()["rows"] == 1
    assert client.get(f"{address}/export").json()["tables"] == {}


@pytest.mark.parametrize("part", ["preferences", "export", "score", "history"])
def test_to_delete_a_part_of_a_customer_erases_nobody(client, part):
    client.put(f"{PATH}/preferences", json=OUT)
    answer = client.delete(f"{PATH}/{part}")
    assert answer.status_code == 405
    assert "DELETE" not in answer.headers["allow"]
    assert client.get(f"{PATH}/preferences").json()["profiling_opt_out"]


def test_a_kept_answer_goes_with_its_customer(client, store):
    headers = {"Idempotency-Key": "k"}
    first = client.post("/v1/score", json=ROW, headers=headers).json()
    client.delete(PATH)
    second = client.post("/v1/score", json=ROW, headers=headers)
    assert "idempotency-replayed" not in second.headers
    assert json.dumps(first) not in second.text


COMPLAINT = {
    "customer_id": "canary-1",
    "opened_at": "2026-03-01T00:00:00Z",
    "known_at": "2026-03-01T00:00:00Z",
}


def test_events_and_outcomes_from_before_an_erasure_are_not_kept(client):
    client.delete(PATH)
    outcome = {"customer_id": "canary-1", "churned": True, "observed_at": "2026-03-01T00:00:00Z"}
    events = client.post("/v1/events", json={"events": {"complaints": [COMPLAINT]}}).json()
    assert (events["kept"], events["already_known"], events["erased"]) == (0, 0, 1)
    (result,) = client.post("/v1/outcomes", json={"outcomes": [outcome]}).json()["results"]
    assert (result["status"], result["unmatched_code"]) == ("recorded", "customer_erased")
    assert client.get(f"{PATH}/export").json()["tables"] == {}


def test_events_of_who_opted_out_are_kept_and_lead_to_no_score(client):
    client.put(f"{PATH}/preferences", json=OUT)
    told = client.post("/v1/events", json={"events": {"complaints": [COMPLAINT]}}).json()
    assert (told["kept"], told["rescoring"]) == (1, 0)
    assert told["not_rescored"] == [{"reason": "profiling_opt_out", "customers": 1}]


def meanwhile(monkeypatch, deed):
    """Let a deed happen after the next request was answered, and before that is committed."""
    done = []

    def interrupted(real):
        def interrupting(*args, **given):
            answered = real(*args, **given)
            if not done:
                done.append(True)
                deed()
            return answered

        return interrupting

    for module, name in (
        (routes, "answer_request"),
        (groups, "answer_usual"),
        (many, "answer_usual"),
    ):
        monkeypatch.setattr(module, name, interrupted(getattr(module, name)))


def decide(store, **preferences):
    """Note what the customer has decided, without asking the service."""
    noted = Preferences(updated_at=NOW, **preferences)
    store.database.write(
        partial(
            keep_preferences, customer_id="canary-1", preferences=noted, database=store.database
        )
    )


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_who_opts_out_while_being_scored_is_not_scored(client, store, monkeypatch, headers):
    meanwhile(monkeypatch, lambda: decide(store, profiling_opt_out=True))
    answer = client.post("/v1/score", json=ROW, headers=headers).json()
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "profiling_opt_out")
    (logged,) = client.get(f"{PATH}/export").json()["tables"]["predictions"]
    assert logged["answer"]["churn_probability"] is None
    assert set(logged["features"].values()) == {None}


def test_who_opts_out_of_contact_while_being_scored_gets_no_such_action(client, store, monkeypatch):
    meanwhile(monkeypatch, lambda: decide(store, contact_opt_out=True))
    complaining = {"features": {**FEATURES, "complaints_90d": 6}, "value": 1000}
    rows = [{**ROW, **complaining}, {**ROW, **complaining, "customer_id": "other"}]
    results = client.post("/v1/scores", json={"rows": rows}).json()["results"]
    assert [each["action_code"] for each in results] == ["loyalty_points", "discount_voucher"]


def test_the_log_holds_no_score_of_who_opted_out_since(client, store):
    """Jobs and the spool bring answers that were given before."""
    scored(client)
    (entry,) = client.get(f"{PATH}/export").json()["tables"]["predictions"]
    given = store.predictions_of("canary-1")[0]
    client.put(f"{PATH}/preferences", json=OUT)
    late = Prediction(
        answer=replace(given, prediction_id="late"),
        names=tuple(entry["features"]),
        values=np.ones(len(entry["features"])),
    )
    store.record_predictions([late])
    tables = client.get(f"{PATH}/export").json()["tables"]
    logged = {each["prediction_id"]: each for each in tables["predictions"]}["late"]
    assert logged["answer"]["abstain_code"] == "profiling_opt_out"
    assert set(logged["features"].values()) == {None}
    assert "current_scores" not in tables


def test_kept_answers_and_messages_that_tell_a_score_go_with_the_opt_out(client, store):
    hook = {"url": "https://crm.example/hook", "kinds": ["risk_band.changed"]}
    client.post("/v1/webhooks", json=hook)
    keyed = {"Idempotency-Key": "k"}
    client.post("/v1/score", json=ROW, headers=keyed)
    scored(client, features={**FEATURES, "recency_days": 1, "complaints_90d": 0})
    assert "webhook_messages" in client.get(f"{PATH}/export").json()["tables"]
    client.put(f"{PATH}/preferences", json=OUT)
    assert "webhook_messages" not in client.get(f"{PATH}/export").json()["tables"]
    again = client.post("/v1/score", json=ROW, headers=keyed).json()
    assert (again["status"], again["abstain_code"]) == ("abstained", "profiling_opt_out")


def test_no_answer_about_who_is_erased_meanwhile_is_kept(settings, bundle, store, monkeypatch):
    app = create_app(settings, model=bundle, store=store, now=lambda: datetime.now(UTC))
    with TestClient(app) as client:
        meanwhile(monkeypatch, lambda: client.delete(PATH))
        client.post("/v1/score", json=ROW, headers={"Idempotency-Key": "k"})
    with store.database.read() as connection:
        assert connection.scalars(select(IDEMPOTENCY_KEYS.c.idempotency_key)).all() == []
    assert store.predictions_of("canary-1") == []


def test_an_erasure_and_its_deed_are_one(client, store, monkeypatch):
    scored(client)
    monkeypatch.setattr(privacy, "note_deed", refusing)
    assert client.delete(PATH).status_code == 500
    assert len(store.predictions_of("canary-1")) == 1


def refusing(*_args, **_given):
    raise ZeroDivisionError
