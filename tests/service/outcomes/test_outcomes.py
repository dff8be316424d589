"""Outcomes over HTTP: each row for itself, kept before it is acknowledged, and done once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ebbtide.store.schema.effects import ASSIGNMENTS, OUTCOMES
from service.app import create_app
from service.outcomes import examples
from service.outcomes.row import OUTCOME_NAMES
from service.outcomes.shapes import OutcomesAnswer, OutcomeShape, RecordedShape

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DUE = NOW + timedelta(days=90)
LATER = NOW + timedelta(days=100)
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}


class Clock:
    """A present that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(settings, bundle, store, clock):
    """A client whose customer c-1 was answered about, and for whom the window is over."""
    app = create_app(settings, model=bundle, store=store, now=clock)
    with TestClient(app) as client:
        answer = client.post("/v1/score", json={"customer_id": "c-1", "features": FEATURES})
        client.answer = answer.json()
        clock.now = LATER
        yield client


def text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def row(**changes):
    given = {"customer_id": "c-1", "churned": False, "observed_at": text(DUE), **changes}
    return {name: value for name, value in given.items() if value is not ...}


def report(client, *rows, **headers):
    return client.post("/v1/outcomes", json={"outcomes": list(rows)}, headers=headers)


def results(client, *rows):
    answered = report(client, *rows)
    assert answered.status_code == 200, answered.text
    OutcomesAnswer.model_validate_json(answered.text)
    return answered.json()["results"]


def table(store, what):
    with store.database.read() as connection:
        return connection.execute(select(what)).all()


def test_an_answer_is_an_assignment_and_its_outcome_is_kept(asked, store):
    (result,) = results(asked, row(prediction_id=asked.answer["prediction_id"]))
    assert result["status"] == "recorded"
    assert (result["outcomes"], result["corrections"], result["unmatched_code"]) == (1, 0, None)
    (assigned,) = table(store, ASSIGNMENTS)
    assert (assigned.customer_id, assigned.churned) == ("c-1", False)
    assert assigned.action_code == asked.answer["action_code"]
    (kept,) = table(store, OUTCOMES)
    assert (kept.outcome_id, kept.recorded_at) == (result["outcome_id"], LATER)


def test_a_row_that_fails_says_so_and_harms_no_other(asked, store):
    found = results(
        asked,
        row(),
        row(observed_at="yesterday"),
        row(prediction_id="0" * 32),
        row(customer_id="c-2"),
        row(prediction_id=asked.answer["prediction_id"], observed_at=text(DUE - timedelta(1))),
    )
    kinds = [each.get("problem", {}).get("type", "").rpartition(":")[2] for each in found]
    assert kinds == ["", "invalid-request", "unknown-prediction", "", "outcome-too-early"]
    assert found[1]["problem"]["errors"][0]["pointer"] == "/outcomes/1/observed_at"
    assert found[3]["unmatched_code"] == "no_assignment"
    assert len(table(store, OUTCOMES)) == 2


def test_a_repeat_with_its_key_changes_nothing(asked, store):
    first, again = (report(asked, row(), **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(table(store, OUTCOMES)) == 1


def test_a_delivery_may_be_told_before_any_outcome(asked, store, clock):
    clock.now = NOW + timedelta(days=2)
    delivery = {"delivered_at": text(NOW + timedelta(days=1)), "accepted": True, "cost": 4.5}
    (result,) = results(
        asked,
        row(
            churned=...,
            observed_at=text(clock.now),
            action_code=asked.answer["action_code"],
            **delivery,
        ),
    )
    assert (result["outcomes"], result["deliveries"]) == (0, 1)
    (assigned,) = table(store, ASSIGNMENTS)
    assert (assigned.churned, assigned.accepted, assigned.cost) == (None, True, 4.5)


@pytest.mark.parametrize(
    ("changes", "pointer", "got"),
    [
        ({"customer_id": ...}, "/customer_id", "nothing"),
        ({"customer_id": None}, "/customer_id", "null"),
        ({"customer_id": ""}, "/customer_id", "empty string"),
        ({"customer_id": "c\u0000"}, "/customer_id", "unprintable string"),
        ({"customer_id": 7}, "/customer_id", "number"),
        ({"churned": ...}, "/churned", "nothing"),
        ({"churned": None}, "/churned", "null"),
        ({"churned": 1}, "/churned", "number"),
        ({"churned": "true"}, "/churned", "string"),
        ({"observed_at": ...}, "/observed_at", "nothing"),
        ({"observed_at": "2026-05-31T00:00:00"}, "/observed_at", "time without offset"),
        (
            {"observed_at": text(LATER + timedelta(seconds=1))},
            "/observed_at",
            "instant in the future",
        ),
        ({"known_at": text(DUE - timedelta(days=1))}, "/known_at", "earlier instant"),
        ({"known_at": text(LATER + timedelta(days=1))}, "/known_at", "instant in the future"),
        ({"prediction_id": 5}, "/prediction_id", "number"),
        ({"prediction_id": "x" * 33}, "/prediction_id", "string too long"),
        ({"action_code": "x" * 41}, "/action_code", "string too long"),
        ({"cost": -1, "action_code": "call"}, "/cost", "number out of range"),
        ({"cost": True, "action_code": "call"}, "/cost", "boolean"),
        ({"cost": 1}, "", "neither"),
        ({"accepted": 0, "action_code": "call"}, "/accepted", "number"),
        ({"churn": True}, "", "unknown name"),
    ],
    ids=str,
)
def test_a_bad_row_is_refused_with_its_place(asked, store, changes, pointer, got):
    (result,) = results(asked, row(**changes))
    (fault,) = result["problem"]["errors"]
    assert (fault["pointer"], fault["got_kind"]) == (f"/outcomes/0{pointer}", got)
    assert table(store, OUTCOMES) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ("{}", 422),
        ('{"outcomes": []}', 422),
        ('{"outcomes": {}}', 422),
        ('{"outcomes": [1], "more": 1}', 422),
        (json.dumps({"outcomes": [{}] * 1001}), 422),
        ('{"outcomes": [{"cost": NaN}]}', 400),
        ('{"outcomes": [', 400),
        ("", 400),
    ],
)
def test_a_bad_body_is_refused_whole(asked, body, status):
    answer = asked.post("/v1/outcomes", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status


def test_what_was_sent_is_never_repeated(asked):
    secret = "s3cret-c4nary"
    for changes in (
        {"customer_id": f"{secret}\u0000"},
        {"observed_at": secret},
        {"prediction_id": secret},
        {secret: 1},
        {"churned": secret},
    ):
        answer = report(asked, row(**changes))
        assert "failed" in answer.text
        assert secret not in answer.text


def test_problems_of_rows_are_counted(asked):
    results(asked, row(prediction_id="0" * 32))
    text = asked.get("/metrics").text
    assert 'ebbtide_problems_total{kind="unknown-prediction"} 1.0' in text


def test_what_is_described_is_what_is_checked_and_answered(asked, clock):
    assert tuple(OutcomeShape.model_fields) == OUTCOME_NAMES
    (result,) = results(asked, row())
    assert list(result) == list(RecordedShape.model_fields)
    OutcomesAnswer.model_validate(examples.ANSWER)
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    assert [each["status"] for each in results(asked, *examples.ASKED["outcomes"])] == [
        "recorded",
        "recorded",
    ]
