"""What-if: two probabilities of one customer, checked as a score is, and nothing kept of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebbtide.what_if import NOTICE
from service.what_if.shapes import WhatIfAnswer

GOOD = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
JSON = {"Content-Type": "application/json"}


def ask(client, *, language="en", features=GOOD, **changes):
    body = {"features": features, "changes": changes}
    return client.post("/v1/what-if", json=body, headers={"Accept-Language": language})


def scored(client, features):
    row = {"customer_id": "c-1", "features": features}
    return client.post("/v1/score", json=row).json()["churn_probability"]


def test_both_probabilities_are_those_of_scores(client):
    answer = ask(client, complaints_90d=0, recency_days=20).json()
    after = {**GOOD, "complaints_90d": 0, "recency_days": 20}
    assert answer["status"] == "scored"
    assert answer["churn_probability_before"] == scored(client, GOOD)
    assert answer["churn_probability_after"] == scored(client, after)
    assert answer["difference"] == pytest.approx(
        answer["churn_probability_after"] - answer["churn_probability_before"]
    )
    assert answer["difference"] < 0


def test_the_changes_are_named_in_the_order_of_the_model_with_their_family(client):
    answer = ask(client, complaints_90d=0, recency_days=20).json()
    assert [(c["feature"], c["before"], c["after"]) for c in answer["changed"]] == [
        ("recency_days", 143, 20),
        ("complaints_90d", 2, 0),
    ]
    assert all(c["contribution_after"] < c["contribution_before"] for c in answer["changed"])
    assert answer["kept_in_families"] == ["complaint_open_days"]


def test_it_says_that_it_is_a_recomputation_in_both_languages(client, bundle):
    for language in ("en", "zh"):
        response = ask(client, language=language, complaints_90d=0)
        assert response.headers["content-language"] == language
        answer = response.json()
        assert (answer["notice"], answer["language"]) == (NOTICE[language], language)
        assert answer["model_version"] == bundle.version
        assert answer["definition"] == bundle.definition.code


def test_nothing_is_logged_and_no_row_is_counted(client, store, monkeypatch):
    recorded = []
    monkeypatch.setattr(store, "add_predictions", recorded.append)
    assert ask(client, complaints_90d=0).status_code == 200
    assert 'ebbtide_rows_total{status="scored"} 0.0' in client.get("/metrics").text
    assert recorded == []


def test_a_value_may_be_changed_to_missing_and_back(client):
    answer = ask(client, complaint_open_days=12.5, discount_share_365d=None).json()
    assert [(c["before"], c["after"]) for c in answer["changed"]] == [(0.25, None), (None, 12.5)]


def test_the_same_value_changes_nothing(client):
    answer = ask(client, complaints_90d=2).json()
    assert answer["difference"] == 0
    assert [c["feature"] for c in answer["changed"]] == ["complaints_90d"]


def test_what_was_not_sent_is_warned_of_unless_it_is_what_is_changed(client):
    features = {n: v for n, v in GOOD.items() if n not in ("discount_share_365d", "complaints_90d")}
    features["complaints_90d"] = 0
    for changes, subjects in (
        ({"complaints_90d": 1}, ["discount_share_365d"]),
        ({"discount_share_365d": 0.1}, []),
    ):
        answer = ask(client, features=features, **changes).json()
        assert [warning["subject"] for warning in answer["warnings"]] == subjects


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_customer_who_has_left_is_not_recomputed(client, language):
    for features, changes in (
        ({**GOOD, "recency_days": 400}, {"recency_days": 10}),
        (GOOD, {"recency_days": 400}),
    ):
        answer = ask(client, language=language, features=features, **changes).json()
        assert (answer["status"], answer["abstain_code"]) == ("abstained", "already_churned")
        assert answer["abstain_text"]
        assert answer["difference"] is None
        assert answer["churn_probability_after"] is None
        assert answer["changed"] == []


# name: (body, pointer, got_kind)
FAULTS = {
    "an array": ([], "", "array"),
    "nothing in it": ({}, "/features", "nothing"),
    "no changes": ({"features": GOOD}, "/changes", "nothing"),
    "no change": ({"features": GOOD, "changes": {}}, "/changes", "empty object"),
    "changes are a list": ({"features": GOOD, "changes": []}, "/changes", "array"),
    "an unknown member": (
        {"features": GOOD, "changes": {"complaints_90d": 0}, "customer_id": "c"},
        "",
        "unknown name",
    ),
    "an unknown feature": ({"features": GOOD, "changes": {"luck": 1}}, "/changes", "unknown name"),
    "text": (
        {"features": GOOD, "changes": {"recency_days": "7"}},
        "/changes/recency_days",
        "string",
    ),
    "a boolean": (
        {"features": GOOD, "changes": {"recency_days": True}},
        "/changes/recency_days",
        "boolean",
    ),
    "below the range": (
        {"features": GOOD, "changes": {"recency_days": -1}},
        "/changes/recency_days",
        "number out of range",
    ),
    "above the range": (
        {"features": GOOD, "changes": {"purchase_days_90d": 91}},
        "/changes/purchase_days_90d",
        "number out of range",
    ),
    "never missing": (
        {"features": GOOD, "changes": {"recency_days": None}},
        "/changes/recency_days",
        "null",
    ),
    "a feature that is lacking": (
        {"features": {"recency_days": 3}, "changes": {"spend_365d": 10}},
        "/features/spend_365d",
        "nothing",
    ),
}


@pytest.mark.parametrize(("body", "pointer", "got"), FAULTS.values(), ids=FAULTS)
def test_what_breaks_the_contract_is_refused_as_elsewhere(client, body, pointer, got):
    response = client.post("/v1/what-if", json=body)
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == "urn:ebbtide:problem:invalid-request"
    assert (pointer, got) in [(fault["pointer"], fault["got_kind"]) for fault in problem["errors"]]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_what_is_no_finite_number_is_refused(client, number):
    text = json.dumps({"features": GOOD, "changes": {"recency_days": 7}}).replace(
        " 7}", f"{number}}}"
    )
    response = client.post("/v1/what-if", content=text, headers=JSON)
    assert response.status_code in (400, 422)


def test_what_was_sent_is_never_repeated(client):
    secret = "s3cret-c4nary"
    for changes in ({secret: 1}, {"recency_days": secret}):
        response = client.post("/v1/what-if", json={"features": GOOD, "changes": changes})
        assert response.status_code == 422
        assert secret not in response.text


def test_an_answer_has_the_fields_of_its_shape(client):
    WhatIfAnswer.model_validate(ask(client, complaints_90d=0).json())


numbers = st.none() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=3)


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.sampled_from([*GOOD, "luck"]), numbers, max_size=4))
def test_whatever_is_changed_is_answered(client, changes):
    body = json.dumps({"features": GOOD, "changes": changes})
    response = client.post("/v1/what-if", content=body, headers=JSON)
    assert response.status_code in (200, 400, 422), body
    response.json()
