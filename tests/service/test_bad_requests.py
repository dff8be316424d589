"""Bad requests beyond their tables: what is bounded, what fixes say, and never what was sent."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.exceptions import HTTPException

from bad_requests.bodies import DATE, JSON, bought, features, row
from features.arrays.column import Column, as_decimal
from service.handlers import problem_of
from service.scoring import answering
from small_model import FEATURES as GOOD


def test_a_body_is_bounded_though_its_length_is_not_declared(client):
    response = client.post("/v1/score", content=iter([b" " * 100_000] * 3), headers={**JSON})
    assert response.status_code == 413


@pytest.mark.parametrize("number", [1e15, -1e15, 1e300])
@pytest.mark.parametrize(
    ("table", "column", "event"),
    [
        ("transactions", "quantity", {"occurred_at": DATE, "amount": 1.0}),
        ("activity", "value", {"occurred_at": DATE}),
        ("balances", "value", {"measured_at": DATE, "name": "seats"}),
    ],
)
def test_numbers_beyond_what_can_be_summed_are_refused(client, table, column, event, number):
    body = row(events={table: [{**event, column: number}]})
    response = client.post("/v1/score", json=body)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:ebbtide:problem:invalid-request"
    assert [fault["pointer"] for fault in response.json()["errors"]] == [
        f"/events/{table}/0/{column}"
    ]


def test_sums_beyond_the_arithmetic_are_a_fault_of_their_row_only(client, monkeypatch):
    compute = answering.features_of_events

    def beside_a_sum(events, **given):
        spent = sum(each["amount"] for each in events["transactions"])
        as_decimal(Column(np.array([30.0 * spent])), 4)  # as the price of a month
        return compute(events, **given)

    monkeypatch.setattr(answering, "features_of_events", beside_a_sum)
    rows = [
        row(events={"transactions": [{"occurred_at": DATE, "amount": amount}] * 9})
        for amount in (1e12, 1.0)
    ]
    answer = client.post("/v1/scores", json={"rows": rows}).json()
    assert [each["status"] for each in answer["results"]] == ["failed", "scored"]
    alone = client.post("/v1/score", json=rows[0])
    assert alone.status_code == 422
    assert alone.json()["type"] == "urn:ebbtide:problem:invalid-request"


def test_the_events_of_all_rows_are_bounded_together(client, store):
    at = [{"occurred_at": DATE, "amount": 1.0}]
    rows = [{"customer_id": f"c-{n}", "events": {"transactions": at * 50}} for n in range(3)]
    response = client.post("/v1/scores", json={"rows": rows})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert (fault["pointer"], fault["got_kind"]) == ("/rows", "too many events")
    assert fault["expected"] == "at most 120 events in all rows together"
    assert "Split the rows" in fault["fix"]
    assert client.post("/v1/scores", json={"rows": rows[:2]}).status_code == 200


@pytest.mark.parametrize(
    ("status", "expected", "kind"),
    [
        (400, 400, "bad-request"),
        (403, 400, "bad-request"),
        (404, 404, "not-found"),
        (413, 413, "body-too-large"),
        (415, 415, "unsupported-media-type"),
        (422, 422, "invalid-request"),
        (500, 500, "internal"),
        (502, 500, "internal"),
        (503, 503, "busy"),
    ],
)
def test_what_the_framework_refuses_is_no_malformed_json(status, expected, kind):
    problem = problem_of(HTTPException(status))
    assert (problem.status, problem.kind) == (expected, kind)


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        (row(featurs={}), "Name number 2 of this object is not known; did you mean 'features'?"),
        (
            features(recency_day=1),
            "Name number 8 of this object is not known; did you mean 'recency_days'?",
        ),
        (features(zzz=1), "Name number 8 of this object is not known; see GET /v1/schema"),
        (bought(amout=2), "Name number 3 of this object is not known; did you mean 'amount'?"),
        (features(recency_days="1"), "Send the number without quotes."),
        (features(recency_days=None), "Send it. Its meaning: Days since the last purchase."),
    ],
)
def test_the_fix_says_what_to_do(client, body, fix):
    assert client.post("/v1/score", json=body).json()["errors"][0]["fix"] == fix


def test_many_faults_are_counted_and_the_first_twenty_listed(client):
    unknown = {f"nonsense_{n}": 1 for n in range(500)}
    problem = client.post("/v1/score", json=features(**unknown)).json()
    assert len(problem["errors"]) == 20
    assert problem["detail"].startswith("500 thing(s) must be mended; the first 20 are listed")


CANARY = "C4N4RY-7f3a"
PLACES = {
    "unknown member": {"customer_id": "c", CANARY: 1},
    "member value": {"customer_id": "c", "as_of": CANARY, "value": CANARY, "features": CANARY},
    "customer": {"customer_id": CANARY, "features": {"recency_days": -1}},
    "feature name": row(features={**GOOD, CANARY: 1}),
    "feature value": features(recency_days=CANARY),
    "table name": row(events={CANARY: []}),
    "table": row(events={"transactions": CANARY}),
    "column name": bought(**{CANARY: 1}),
    "column value": bought(amount=CANARY, occurred_at=CANARY),
    "event customer": bought(customer_id=CANARY),
    "choice": row(events={"surveys": [{"answered_at": DATE, "metric": CANARY, "score": 1}]}),
    "rows": CANARY,
    "unknown customer": {"customer_id": CANARY},
}


@pytest.mark.parametrize("name", PLACES)
def test_what_was_sent_comes_back_in_no_problem_log_or_metric(client, capsys, name):
    body = PLACES[name]
    alone = client.post("/v1/score", json=body)
    batch = client.post("/v1/scores", json={"rows": [body]})
    assert alone.status_code in (404, 422)
    texts = [alone.text, str(alone.headers), batch.text, client.get("/metrics").text]
    texts += [client.post("/v1/score", content=json.dumps(body)[:-1], headers=JSON).text]
    texts += [client.get(f"/{CANARY}").text, client.request(CANARY, "/v1/score").text]
    texts += [client.get("/metrics").text, "".join(capsys.readouterr())]
    assert all(CANARY not in text for text in texts)


def test_an_unexpected_error_shows_nothing_of_itself(app, client, capsys):
    def fail():
        raise RuntimeError(CANARY)

    object.__setattr__(app.state.desk, "now", fail)
    response = client.post("/v1/score", json=features())
    assert response.status_code == 500
    assert response.json()["type"] == "urn:ebbtide:problem:internal"
    assert CANARY not in response.text + "".join(capsys.readouterr())
