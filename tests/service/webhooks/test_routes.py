"""Webhooks over HTTP: made, shown without their secret, changed, tried, and removed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES
from ebbtide.store.webhooks import find_webhook
from service.webhooks import routes
from service.webhooks.announcer import Announcer

ASKED = {
    "url": "https://crm.example/hook",
    "kinds": ["model.promoted", "alarm.raised", "alarm.cleared"],
}


@pytest.fixture
def made(client):
    answer = client.post("/v1/webhooks", json=ASKED)
    assert answer.status_code == 201
    return answer.json()


def test_the_secret_is_shown_once(client, made):
    assert made["secret"].startswith("whsec_")
    shown = client.get(f"/v1/webhooks/{made['webhook_id']}")
    assert "secret" not in shown.json()
    assert made["secret"] not in client.get("/v1/webhooks").text
    assert shown.json() == {name: made[name] for name in shown.json()}


def test_a_repeat_under_the_same_key_makes_no_second_one(client):
    headers = {"Idempotency-Key": "k1"}
    first = client.post("/v1/webhooks", json=ASKED, headers=headers)
    again = client.post("/v1/webhooks", json=ASKED, headers=headers)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    assert len(client.get("/v1/webhooks").json()["webhooks"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/url"),
        ({**ASKED, "url": 7}, "/url"),
        ({**ASKED, "url": "http://127.0.0.1/canary"}, "/url"),
        ({**ASKED, "kinds": []}, "/kinds"),
        ({**ASKED, "kinds": "alarm.raised"}, "/kinds"),
        ({**ASKED, "kinds": ["canary"]}, "/kinds"),
        ({**ASKED, "kinds": ["alarm.raised", "alarm.raised"]}, "/kinds"),
        ({**ASKED, "description": "x" * 201}, "/description"),
        ({**ASKED, "canary": 1}, ""),
    ],
)
def test_a_wrong_one_is_refused_with_its_place(client, body, pointer):
    answer = client.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert "canary" not in answer.text
    assert client.get("/v1/webhooks").json() == {"webhooks": []}


def test_it_can_be_switched_off_and_on(client, made):
    path = f"/v1/webhooks/{made['webhook_id']}"
    off = client.patch(path, json={"is_enabled": False}).json()
    assert (off["is_enabled"], off["disabled_because"]) == (False, "by_request")
    on = client.patch(path, json={"is_enabled": True, "kinds": ["job.finished"]}).json()
    assert (on["is_enabled"], on["disabled_because"], on["kinds"]) == (True, None, ["job.finished"])


@pytest.mark.parametrize("body", [{}, {"url": "https://other.example"}, {"is_enabled": 1}, 7])
def test_a_change_of_something_else_is_refused(client, made, body):
    assert client.patch(f"/v1/webhooks/{made['webhook_id']}", json=body).status_code == 422


def test_a_rotated_secret_is_another_one(client, made):
    rotated = client.post(f"/v1/webhooks/{made['webhook_id']}/rotate").json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]


def meanwhile(monkeypatch, name, deed):
    """Let a deed happen in the middle of the next request: when it makes something new."""
    real = getattr(routes, name)

    def interrupted():
        monkeypatch.setattr(routes, name, real)
        deed()
        return real()

    monkeypatch.setattr(routes, name, interrupted)


def test_of_two_rotations_at_once_neither_secret_is_lost(client, store, made, monkeypatch):
    path, other = f"/v1/webhooks/{made['webhook_id']}/rotate", []
    meanwhile(monkeypatch, "_new_secret", lambda: other.append(client.post(path).json()["secret"]))
    mine = client.post(path).json()["secret"]
    with store.database.read() as connection:
        kept = find_webhook(connection, made["webhook_id"])
    assert [kept.secret, kept.old_secret] == [mine, *other]


def test_a_webhook_that_is_deleted_meanwhile_gets_no_test_message(client, made, monkeypatch):
    path = f"/v1/webhooks/{made['webhook_id']}"
    meanwhile(monkeypatch, "uuid4", lambda: client.delete(path))
    answer = client.post(f"{path}/test")
    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:ebbtide:problem:unknown-webhook",
    )


def test_a_test_message_is_listed_among_the_deliveries(client, made):
    path = f"/v1/webhooks/{made['webhook_id']}"
    sent = [client.post(f"{path}/test").json()["message_id"] for _ in range(3)]
    first = client.get(f"{path}/deliveries", params={"limit": 2}).json()
    cursor = first["next_cursor"]
    second = client.get(f"{path}/deliveries", params={"limit": 2, "cursor": cursor}).json()
    listed = [each["message_id"] for each in first["deliveries"] + second["deliveries"]]
    assert sorted(listed) == sorted(sent)
    assert second["next_cursor"] is None


def test_a_removed_one_is_gone_with_what_it_was_to_be_sent(client, made, store):
    path = f"/v1/webhooks/{made['webhook_id']}"
    client.post(f"{path}/test")
    assert client.delete(path).status_code == 204
    with store.database.read() as connection:
        assert connection.execute(select(WEBHOOK_DELIVERIES)).all() == []
    assert client.delete(path).status_code == client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
    ],
)
def test_an_unknown_one_is_not_found(client, method, path):
    body = {"is_enabled": False} if method == "PATCH" else None
    answer = client.request(method, f"/v1/webhooks/canary{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:ebbtide:problem:unknown-webhook",
    )
    assert "canary" not in answer.text


def looks(announcer):
    """Look twice: what is seen only once is not told."""
    announcer.look()
    announcer.look()


def test_another_model_is_told_once(client, app, made, store):
    desk = app.state.desk

    def told():
        with store.database.read() as connection:
            rows = connection.execute(
                select(WEBHOOK_MESSAGES.c.body).where(WEBHOOK_MESSAGES.c.kind == "model.promoted")
            )
            return [json.loads(row.body)["data"] for row in rows]

    announcer = Announcer(desk, poll_seconds=60)
    looks(announcer)
    assert told() == []
    served = desk.supply.current
    other = replace(served, bundle=replace(served.bundle, version="another"), registry_version="2")
    desk.supply.current = other
    looks(announcer)
    looks(Announcer(desk, poll_seconds=60))  # another process sees the same
    assert told() == [{"model_version": "another", "registry_version": "2"}]


def test_a_service_that_is_no_longer_well_says_so_and_when_it_is_again(client, app, made, store):
    desk = app.state.desk
    announcer = Announcer(desk, poll_seconds=60)
    looks(announcer)
    for complaint in ("The registry does not answer.", None):
        desk.supply.complaint = complaint
        looks(announcer)
    with store.database.read() as connection:
        rows = connection.execute(
            select(WEBHOOK_MESSAGES.c.body).where(WEBHOOK_MESSAGES.c.kind.like("alarm.%"))
        )
        told = [json.loads(row.body) for row in rows]
    kinds = [(each["type"], each["data"]["state"]) for each in told]
    assert kinds == [("alarm.raised", "degraded"), ("alarm.cleared", "ready")]
    assert told[0]["data"]["reasons"][0] == "The registry does not answer."


def test_what_is_gone_at_the_next_look_is_not_told(client, app, made, store):
    desk = app.state.desk
    announcer = Announcer(desk, poll_seconds=60)
    looks(announcer)
    for complaint in ("The registry has not been asked yet.", None, None):
        desk.supply.complaint = complaint
        announcer.look()
    with store.database.read() as connection:
        assert connection.execute(select(WEBHOOK_MESSAGES)).all() == []
