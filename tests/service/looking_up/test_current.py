"""Looking up the score of a customer: as it was said, while it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from ebbtide.store.preferences import Preferences, keep_preferences
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.schema.privacy import PREFERENCES
from service.app import create_app
from service.scoring.shapes import AnswerShape

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
ROW = {"customer_id": "c-1", "features": FEATURES}
SCORE = "/v1/customers/c-1/score"


def decide(store, customer_id="c-1", **preferences):
    noted = Preferences(updated_at=NOW, **preferences)
    store.database.write(
        partial(
            keep_preferences, customer_id=customer_id, preferences=noted, database=store.database
        )
    )


def test_it_is_the_answer_that_was_given_to_the_byte(client):
    given = client.post("/v1/score", json=ROW)
    found = client.get(SCORE)
    assert found.status_code == 200
    assert found.json() == given.json()
    assert found.headers["content-language"] == "en"
    assert found.headers["vary"] == "Accept-Language"
    AnswerShape.model_validate(found.json())


def test_the_newest_as_of_holds(client):
    newest = client.post("/v1/score", json=ROW).json()
    client.post("/v1/score", json={**ROW, "as_of": "2026-02-01T00:00:00Z"})
    assert client.get(SCORE).json() == newest


def test_in_the_other_language_it_is_what_would_have_been_said(client):
    client.post("/v1/score", json=ROW)
    chinese = {"Accept-Language": "zh"}
    found = client.get(SCORE, headers=chinese)
    assert found.headers["content-language"] == "zh"
    scored = client.post("/v1/score", json=ROW, headers=chinese).json()
    differs = {"prediction_id"}
    assert {k: v for k, v in found.json().items() if k not in differs} == {
        k: v for k, v in scored.items() if k not in differs
    }


def test_words_that_are_gone_are_told_in_the_language_that_they_were_said_in(client, monkeypatch):
    given = client.post("/v1/score", json=ROW).json()
    monkeypatch.setattr("service.looking_up.telling.retold", lambda *_args, **_kwargs: None)
    found = client.get(SCORE, headers={"Accept-Language": "zh"})
    assert found.headers["content-language"] == "en"
    assert found.json() == given


@pytest.mark.parametrize("language", ["en", "zh"])
def test_after_valid_until_there_is_no_score(later, clock, language):
    given = later.post("/v1/score", json=ROW).json()
    clock[0] = datetime.fromisoformat(given["valid_until"])
    assert later.get(SCORE).json()["status"] == "scored"
    clock[0] += timedelta(seconds=1)
    found = later.get(SCORE, headers={"Accept-Language": language})
    left = found.json()
    assert (left["status"], left["abstain_code"]) == ("abstained", "expired")
    assert (left["churn_probability"], left["action_code"], left["reasons"]) == (None, None, [])
    assert left["prediction_id"] == given["prediction_id"]
    assert left["language"] == found.headers["content-language"] == language
    AnswerShape.model_validate(left)


def test_where_churn_is_defined_anew_there_is_no_score(settings, bundle, store):
    redefined = replace(bundle, definition=replace(bundle.definition, horizon_days=30))
    for model, code in ((bundle, None), (redefined, "definition_changed")):
        app = create_app(settings, model=model, store=store, now=lambda: NOW)
        with TestClient(app) as client:
            if code is None:
                client.post("/v1/score", json=ROW)
            found = client.get(SCORE).json()
    assert (found["status"], found["abstain_code"]) == ("abstained", code)
    assert found["definition"] == bundle.definition.code


def test_without_a_model_what_was_said_can_be_looked_up(client, app, monkeypatch):
    given = client.post("/v1/score", json=ROW).json()
    monkeypatch.setattr(app.state.desk.supply, "current", None)
    assert client.post("/v1/score", json=ROW).status_code == 503
    assert client.get(SCORE).json() == given


@pytest.mark.parametrize(
    "customer_id", ["nobody", "a/b", "客户", "c-1 ", "%", "score", "x" * 128], ids=range(7)
)
def test_any_id_is_looked_up_as_it_was_sent(client, customer_id):
    path = f"/v1/customers/{quote(customer_id, safe='')}/score"
    missing = client.get(path)
    assert missing.status_code == 404
    assert missing.json()["type"] == "urn:ebbtide:problem:unknown-customer"
    client.post("/v1/score", json={**ROW, "customer_id": customer_id})
    assert client.get(path).json()["customer_id"] == customer_id


@pytest.mark.parametrize("path", ["%00", "x" * 129], ids=["null", "long"])
def test_what_is_no_id_is_refused_and_not_repeated(client, path):
    refused = client.get(f"/v1/customers/{path}/score")
    assert refused.status_code == 422
    assert "xxx" not in refused.text


def test_events_that_came_since_are_warned_of(client, store, bundle):
    given = client.post("/v1/score", json=ROW).json()
    event = {
        "identity": "i",
        "customer_id": "c-1",
        "table_name": "complaints",
        "known_at": NOW - timedelta(seconds=1),
        "received_at": NOW,
        "content": "{}",
    }
    store.database.write(lambda connection: connection.execute(EVENTS.insert(), event))
    assert client.get(SCORE).json() == given
    news = event | {"identity": "j", "known_at": NOW}
    store.database.write(lambda connection: connection.execute(EVENTS.insert(), news))
    found = client.get(SCORE).json()
    assert [each["code"] for each in found["warnings"]] == [
        *(each["code"] for each in given["warnings"]),
        "newer_events",
    ]
    assert found["churn_probability"] == given["churn_probability"]
    AnswerShape.model_validate(found)


def test_who_opted_out_of_profiling_has_no_score(client, store):
    given = client.post("/v1/score", json=ROW).json()
    decide(store, profiling_opt_out=True)
    found = client.get(SCORE).json()
    assert (found["status"], found["abstain_code"]) == ("abstained", "profiling_opt_out")
    assert found["prediction_id"] == given["prediction_id"]
    assert found["churn_probability"] is None
    decide(store, "never seen", profiling_opt_out=True)
    assert client.get("/v1/customers/never%20seen/score").status_code == 404


def test_a_score_that_an_opt_out_has_left_is_not_told(client, store):
    client.post("/v1/score", json=ROW)
    noted = {"customer_id": "c-1", "profiling_opt_out": True, "contact_opt_out": False}
    noted |= {"updated_at": NOW}
    store.database.write(lambda connection: connection.execute(PREFERENCES.insert(), noted))
    found = client.get(SCORE).json()
    assert (found["abstain_code"], found["churn_probability"]) == ("profiling_opt_out", None)
    assert client.get("/v1/scores").json()["results"] == []


def test_who_opted_out_of_contact_since_is_suggested_no_action_that_needs_it(app, client, store):
    given = client.post("/v1/score", json=ROW).json()
    assert given["action_code"] == "loyalty_points"
    desk = app.state.desk
    actions = [replace(each, needs_contact_consent=True) for each in desk.policy.actions]
    app.state.desk = replace(desk, policy=replace(desk.policy, actions=tuple(actions)))
    decide(store, contact_opt_out=True)
    found = client.get(SCORE).json()
    assert (found["action_code"], found["no_action_code"]) == (None, "contact_opt_out")
    assert (found["action_text"], found["expected_value"], found["arm"]) == (None, 0.0, None)
    assert found["churn_probability"] == given["churn_probability"]
    AnswerShape.model_validate(found)


def test_an_action_that_needs_no_consent_stays(client, store):
    billed = {**ROW, "features": {**FEATURES, "payments_overdue": 300, "recency_days": 1}}
    given = client.post("/v1/score", json=billed).json()
    assert given["action_code"] == "billing_contact"
    decide(store, contact_opt_out=True)
    assert client.get(SCORE).json() == given
