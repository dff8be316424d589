"""A request to score with a key of its own is scored and logged once, however often it is sent."""

from __future__ import annotations

import threading

import pytest

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
KEY = {"Idempotency-Key": "a4f0"}
BODIES = [
    pytest.param("/v1/score", ROW, id="one"),
    pytest.param("/v1/scores", {"rows": [ROW, "nonsense"]}, id="many"),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_a_repeat_gets_the_first_answer_and_is_not_logged_again(client, store, path, body):
    first, second = (client.post(path, json=body, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-language"] == "en"
    assert len(store.predictions_of("c-1")) == 1


def test_a_repeat_is_not_scored_again(client, monkeypatch):
    client.post("/v1/score", json=ROW, headers=KEY)
    monkeypatch.setattr("service.scoring.routes.answer_request", None)
    assert client.post("/v1/score", json=ROW, headers=KEY).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param({**ROW, "customer_id": "c-2"}, {}, id="other-body"),
        pytest.param(ROW, {"Accept-Language": "zh"}, id="other-language"),
    ],
)
def test_another_request_under_the_same_key_is_refused(client, store, body, headers):
    client.post("/v1/score", json=ROW, headers=KEY)
    refused = client.post("/v1/score", json=body, headers=KEY | headers)
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:ebbtide:problem:idempotency-key-reused"
    assert len(store.predictions_of("c-1")) == 1
    assert store.predictions_of("c-2") == []


def test_without_a_key_each_request_is_logged(client, store):
    ids = {client.post("/v1/score", json=ROW).json()["prediction_id"] for _ in range(2)}
    assert {answer.prediction_id for answer in store.predictions_of("c-1")} == ids
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/score", {"customer_id": "c-1"}, id="one"),
        pytest.param("/v1/scores", {"rows": [{"customer_id": "c-1"}]}, id="many"),
    ],
)
def test_what_changed_nothing_is_tried_again_under_its_key(client, path, body):
    first, second = (client.post(path, json=body, headers=KEY) for _ in range(2))
    assert first.json() == second.json()
    assert "idempotency-replayed" not in second.headers


def test_requests_with_one_key_at_once_are_logged_once(client, store):
    answers = []

    def send():
        answers.append(client.post("/v1/score", json=ROW, headers=KEY).json())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.predictions_of("c-1")) == 1
    assert len({answer["prediction_id"] for answer in answers}) == 1
    assert len(answers) == 8
