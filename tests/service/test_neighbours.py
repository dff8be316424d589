"""A row gets the same answer, to the bit, whoever stands beside it in a request."""

from __future__ import annotations

import random

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
BOUGHT = {"occurred_at": "2026-01-10T10:00:00+08:00", "amount": 240.5, "discount": 0}
ROWS = {
    "scored": {"features": FEATURES},
    "with an interval": {"features": FEATURES, "interval": True},
    "nulls": {"features": {**FEATURES, "discount_share_365d": None, "complaint_open_days": 3}},
    "names left out": {
        "features": {k: v for k, v in FEATURES.items() if k != "discount_share_365d"}
    },
    "as large as numbers may be": {
        "features": {**FEATURES, "spend_365d": 1e15, "recency_days": 364.9999999}
    },
    "tiny": {"features": {**FEATURES, "spend_365d": 5e-324, "recency_days": 0.1 + 0.2}},
    "of another time": {"features": FEATURES, "as_of": "2026-02-28T22:59:59.999999-01:00"},
    "worth much": {"features": FEATURES, "value": 1e12},
    "worth nothing, not to be contacted": {
        "features": FEATURES,
        "value": 0,
        "contact_opt_out": True,
    },
    "from events": {"events": {"transactions": [BOUGHT]}},
    "lost": {"features": {**FEATURES, "recency_days": 400}},
    "unknown": {"events": {"transactions": []}},
    "failing by a null": {"features": {**FEATURES, "recency_days": None}},
    "failing by its range": {"features": {**FEATURES, "recency_days": -1}},
    "without a snapshot": {},
    "no row": "nonsense",
}


def row(name):
    asked = ROWS[name]
    return {"customer_id": f"c {name}", **asked} if isinstance(asked, dict) else asked


def said(result, place):
    """What is said, without the id, and with pointers as if the row stood first."""
    if result["status"] == "failed":
        errors = [
            {**each, "pointer": each["pointer"].replace(f"/rows/{place}", "/rows/0", 1)}
            for each in result["problem"]["errors"]
        ]
        return {**result, "problem": {**result["problem"], "errors": errors}}
    return {name: value for name, value in result.items() if name != "prediction_id"}


@pytest.fixture
def send(client):
    def sent(names):
        response = client.post("/v1/scores", json={"rows": [row(name) for name in names]})
        assert response.status_code == 200, response.text
        results = response.json()["results"]
        assert len(results) == len(names)
        return [said(result, place) for place, result in enumerate(results)]

    return sent


@pytest.mark.parametrize("seed", range(3))
def test_its_answer_is_its_own_in_any_order(send, seed):
    alone = {name: send([name])[0] for name in ROWS}
    statuses = [alone[name]["status"] for name in ROWS]
    assert {each: statuses.count(each) for each in statuses} == {
        "scored": 10,
        "abstained": 2,
        "failed": 4,
    }
    order = [*ROWS, *ROWS]
    random.Random(seed).shuffle(order)
    assert send(order) == [alone[name] for name in order]


@pytest.mark.parametrize("beside", [name for name in ROWS if name != "scored"])
def test_it_stands_beside_any_one(send, beside):
    (alone,) = send(["scored"])
    assert send(["scored", beside])[0] == alone
    assert send([beside, "scored"])[1] == alone


def test_alone_or_among_many_the_log_has_one_entry_for_each_answer(client, store):
    names = [name for name in ROWS if isinstance(ROWS[name], dict)]
    results = client.post("/v1/scores", json={"rows": [row(name) for name in names]}).json()
    for name, result in zip(names, results["results"], strict=True):
        logged = [each.prediction_id for each in store.predictions_of(f"c {name}")]
        assert logged == ([] if result["status"] == "failed" else [result["prediction_id"]])
