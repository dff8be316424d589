"""Scoring over HTTP: the answer, its sources, its language, and rows side by side."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from ebbtide.errors import ContractError
from ebbtide.store.events import Event, entries_of, record_events
from features.catalogue.catalogue import features_named
from service.app import create_app
from service.scoring.row import ROW_NAMES
from service.scoring.shapes import AnswerShape, FailedRow, ScoreRequest, ScoresAnswer

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
BOUGHT = [
    {"occurred_at": "2025-10-10T10:00:00Z", "amount": 600.0, "discount": 200.0},
    {"occurred_at": "2026-01-10T10:00:00+08:00", "amount": 240.5, "discount": 0},
]
COMPLAINED = [
    {
        "opened_at": "2026-02-11T08:00:00Z",
        "resolved_at": None,
        "severity": 4,
        "customer_id": "c-1",
    }
]
EVENTS = {"transactions": BOUGHT, "complaints": COMPLAINED}


def score(client, headers=None, **row):
    response = client.post("/v1/score", json={"customer_id": "c-1", **row}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_an_answer_has_every_field_of_the_reference(client):
    answer = score(client, features=FEATURES)
    AnswerShape.model_validate(answer)
    assert set(answer) == set(AnswerShape.model_fields)
    assert (answer["status"], answer["customer_id"]) == ("scored", "c-1")
    assert answer["scored_at"] == answer["as_of"] == "2026-03-02T12:00:00Z"
    assert answer["valid_until"] == "2026-03-16T12:00:00Z"
    assert answer["risk_band"] in ("low", "medium", "high")
    assert answer["reason_1"] == answer["reasons"][0]["text"]
    assert (
        answer["reasons"][0]["text"]
        == "Last purchase 143 days ago; stayers typically 22, leavers 96"
    )
    assert answer["effect_basis"] == ("assumed" if answer["action_code"] else None)


def test_the_request_reference_names_what_is_checked():
    assert tuple(ScoreRequest.model_fields) == ROW_NAMES


def test_the_answer_is_in_the_log_before_it_is_given(client, store):
    answer = score(client, features=FEATURES)
    (logged,) = store.predictions_of("c-1")
    assert logged.prediction_id == answer["prediction_id"]
    assert logged.churn_probability == answer["churn_probability"]


def test_a_missing_feature_with_a_meaning_is_warned_of(client):
    sent = {k: v for k, v in FEATURES.items() if k != "complaint_open_days"}
    answer = score(client, features=sent)
    assert [(w["code"], w["subject"]) for w in answer["warnings"]] == [
        ("missing_feature", "complaint_open_days")
    ]
    assert answer["churn_probability"] == score(client, features=FEATURES)["churn_probability"]


def test_raw_events_are_scored_by_the_features_of_training(client):
    answer = score(client, events=EVENTS)
    by_hand = {
        "recency_days": (NOW - datetime(2026, 1, 10, 2, tzinfo=UTC)) / timedelta(days=1),
        "spend_365d": 840.5,
        "purchase_days_90d": 1,
        "discount_share_365d": 200 / 1040.5,
        "complaints_90d": 1,
        "complaint_open_days": (NOW - datetime(2026, 2, 11, 8, tzinfo=UTC)) / timedelta(days=1),
        "payments_overdue": 0,
    }
    assert answer["churn_probability"] == pytest.approx(
        score(client, features=by_hand)["churn_probability"], rel=1e-9
    )
    assert [(w["code"], w["subject"]) for w in answer["warnings"]] == [
        ("missing_table", "payments")
    ]


def test_a_column_that_training_had_and_no_event_brings_is_warned_of(client):
    bare = [{k: v for k, v in COMPLAINED[0].items() if k != "resolved_at"}]
    answer = score(client, events={"transactions": BOUGHT, "complaints": bare, "payments": []})
    assert [(w["code"], w["subject"]) for w in answer["warnings"]] == [
        ("missing_column", "complaints.resolved_at")
    ]
    assert "taken as null" in answer["warnings"][0]["text"]


def test_a_column_that_the_company_did_not_have_changes_no_score(client):
    same_day = [BOUGHT[1] | {"order_id": order} for order in ("o1", "o2")]
    plain = [{k: v for k, v in row.items() if k != "order_id"} for row in same_day]
    ordered, bare = (
        score(client, events=EVENTS | {"transactions": rows, "payments": []})
        for rows in (same_day, plain)
    )
    assert ordered["churn_probability"] == bare["churn_probability"]
    assert ordered["warnings"] == bare["warnings"] == []


def test_events_at_or_after_as_of_change_nothing(client):
    later = [*BOUGHT, {"occurred_at": "2026-03-01T00:00:00Z", "amount": 9999.0}]
    first = score(client, as_of="2026-03-01T00:00:00Z", events={"transactions": BOUGHT})
    second = score(client, as_of="2026-03-01T00:00:00Z", events={"transactions": later})
    assert first["churn_probability"] == second["churn_probability"]


@pytest.mark.parametrize(
    "row",
    [
        {"events": {"transactions": [{"occurred_at": "2020-01-01T00:00:00Z", "amount": 1}]}},
        {"features": {**FEATURES, "recency_days": 400}},
    ],
    ids=["long ago", "by recency"],
)
def test_who_has_left_is_not_scored(client, row):
    answer = score(client, **row)
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "already_churned")
    assert answer["churn_probability"] is None
    assert answer["action_code"] is None
    AnswerShape.model_validate(answer)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param({}, id="no table"),
        pytest.param({"transactions": []}, id="no purchase"),
        pytest.param({"complaints": COMPLAINED}, id="a complaint only"),
        pytest.param(
            {"transactions": [{"occurred_at": "2020-01-01T00:00:00Z", "amount": -5}]},
            id="a return only",
        ),
        pytest.param(
            {"transactions": [{"occurred_at": "2026-03-02T12:00:00Z", "amount": 5}]},
            id="a purchase at as_of",
        ),
        pytest.param(
            {
                "transactions": [
                    {
                        "occurred_at": "2026-01-02T12:00:00Z",
                        "known_at": "2026-03-05T12:00:00Z",
                        "amount": 5,
                    }
                ]
            },
            id="a purchase known after as_of",
        ),
    ],
)
def test_who_never_bought_is_unknown_rather_than_lost(client, events):
    answer = score(client, events=events)
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "too_little_history")
    assert answer["churn_probability"] is None
    AnswerShape.model_validate(answer)


def test_the_stored_snapshot_is_found_by_id(client, store, bundle):
    for day, recency in ((1, 143.0), (2, 144.0)):
        as_of = datetime(2026, 3, day, tzinfo=UTC)
        row = {**FEATURES, "recency_days": recency, "customer_id": "c-1", "as_of": as_of}
        frame = pd.DataFrame([row]).assign(an_older_feature=1.0)
        store.publish_snapshots(frame, basis=bundle.basis)
    newest = score(client)
    assert newest["as_of"] == "2026-03-02T00:00:00Z"
    assert newest["reasons"][0]["value"] == 144.0
    before = score(client, as_of="2026-03-01T12:00:00Z")
    assert before["as_of"] == "2026-03-01T00:00:00Z"
    assert before["churn_probability"] == score(client, features=FEATURES)["churn_probability"]


def test_an_old_snapshot_is_warned_of(client, store, bundle):
    as_of = NOW - timedelta(days=30)
    frame = pd.DataFrame([{**FEATURES, "customer_id": "c-1", "as_of": as_of}])
    store.publish_snapshots(frame.drop(columns="complaint_open_days"), basis=bundle.basis)
    codes = [warned["code"] for warned in score(client)["warnings"]]
    assert codes == ["expired", "missing_feature"]


@pytest.mark.parametrize(
    ("known_at", "asked", "warns"),
    [
        pytest.param(NOW - timedelta(hours=3), {}, False, id="the-snapshot-has-seen-it"),
        pytest.param(NOW - timedelta(hours=1), {}, True, id="it-came-since"),
        pytest.param(
            NOW - timedelta(hours=1),
            {"as_of": (NOW - timedelta(hours=1)).isoformat()},
            False,
            id="it-was-not-known-at-the-instant-asked-for",
        ),
    ],
)
def test_a_snapshot_that_has_not_seen_an_event_says_so(
    client, store, bundle, known_at, asked, warns
):
    as_of = NOW - timedelta(hours=2)
    frame = pd.DataFrame([{**FEATURES, "customer_id": "c-1", "as_of": as_of}])
    store.publish_snapshots(frame, basis=bundle.basis)
    event = Event(customer_id="c-1", table="complaints", row={}, known_at=known_at)
    entries = entries_of([event], received_at=NOW)
    keep = partial(record_events, entries=entries, database=store.database)
    store.database.write(keep)
    given = score(client, **asked)
    assert ("newer_events" in [each["code"] for each in given["warnings"]]) is warns
    known = client.get("/v1/customers/c-1/score").json()["warnings"]
    assert [each["code"] for each in known].count("newer_events") == (known_at >= as_of)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"recency_days": 3.0}, "spend_365d", id="features-are-missing"),
        pytest.param({**FEATURES, "recency_days": None}, "recency_days", id="a-null-never-null"),
    ],
)
def test_a_snapshot_that_lacks_a_value_is_refused(client, store, bundle, values, named):
    frame = pd.DataFrame([{"customer_id": "c-1", "as_of": NOW, **values}])
    store.publish_snapshots(frame, basis=bundle.basis)
    response = client.post("/v1/score", json={"customer_id": "c-1"})
    problem = response.json()
    assert (response.status_code, problem["type"]) == (
        409,
        "urn:ebbtide:problem:snapshot-incomplete",
    )
    assert named in problem["detail"]
    assert "ebbtide score --publish" in problem["detail"]
    assert store.predictions_of("c-1") == []


def test_a_snapshot_filled_with_another_fit_is_answered_with_a_warning(client, store, bundle):
    fitted = replace(bundle.basis, catalogue_version=f"{bundle.basis.catalogue_version}+other")
    frame = pd.DataFrame([{"customer_id": "c-1", "as_of": NOW, **FEATURES}])
    store.publish_snapshots(frame, basis=fitted)
    answer = client.post("/v1/score", json={"customer_id": "c-1"}).json()
    assert answer["status"] == "scored"
    assert "other_fit" in [warning["code"] for warning in answer["warnings"]]
    store.publish_snapshots(frame.assign(as_of=NOW), basis=bundle.basis)
    answer = client.post("/v1/score", json={"customer_id": "c-1"}).json()
    assert "other_fit" not in [warning["code"] for warning in answer["warnings"]]


@pytest.mark.parametrize(
    "change",
    [
        {"catalogue_version": "another"},
        {"definition": "inactivity-30d-0"},
        {"lookback_days": 30},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_snapshot_computed_otherwise_is_refused_though_names_are_equal(
    client, store, bundle, change
):
    frame = pd.DataFrame([{"customer_id": "c-1", "as_of": NOW, **FEATURES}])
    store.publish_snapshots(frame, basis=replace(bundle.basis, **change))
    response = client.post("/v1/score", json={"customer_id": "c-1"})
    problem = response.json()
    assert (response.status_code, problem["type"]) == (409, "urn:ebbtide:problem:snapshot-differs")
    assert "ebbtide score --publish" in problem["detail"]
    assert store.predictions_of("c-1") == []


def test_an_unknown_customer_is_told_apart_from_an_unknown_address(client):
    response = client.post("/v1/score", json={"customer_id": "nobody"})
    assert response.status_code == 404
    problem = response.json()
    assert problem["type"] == "urn:ebbtide:problem:unknown-customer"
    assert problem["detail"].endswith(
        "Send features or events in the request, or run: ebbtide score --publish."
    )


def test_value_and_opt_out_reach_the_decision(client):
    free = score(client, features=FEATURES)
    assert free["action_code"]
    worthless = score(client, features=FEATURES, value=0)
    assert (worthless["value_basis"], worthless["no_action_code"]) == ("given", "not_worth_it")
    silent = score(client, features=FEATURES, contact_opt_out=True)
    assert silent["action_code"] not in ("apology_call", "goodwill_credit", "discount_voucher")


def test_a_failed_payment_goes_to_billing(client):
    answer = score(client, features={**FEATURES, "payments_overdue": 300, "recency_days": 1})
    assert answer["action_code"] == "billing_contact"


@pytest.mark.parametrize(
    ("header", "language", "start"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh", "距上次购买已"),
        ("fr-FR, en;q=0.5", "en", "Last purchase"),
        ("de", "en", "Last purchase"),
        ("zh;q=0, en", "en", "Last purchase"),
        ("zh;q=nonsense", "en", "Last purchase"),
        ("", "en", "Last purchase"),
        ("," * 5000, "en", "Last purchase"),
    ],
)
def test_texts_follow_accept_language(client, header, language, start):
    response = client.post("/v1/score", json=ROW, headers={"Accept-Language": header})
    assert response.headers["content-language"] == language
    assert response.headers["vary"] == "Accept-Language"
    assert response.json()["reason_1"].startswith(start)
    assert response.json()["language"] == language


def test_a_bad_row_never_harms_its_neighbours(client, store):
    rows = [
        ROW,
        {"customer_id": "c-2", "features": {**FEATURES, "recency_days": -1}},
        {"customer_id": "c-3"},
        "nonsense",
        {"customer_id": "c-4", "events": EVENTS["transactions"]},
        {"customer_id": "c-5", "events": {"transactions": BOUGHT}},
        {"customer_id": "c-6", "events": {"transactions": []}},
    ]
    response = client.post("/v1/scores", json={"rows": rows})
    assert response.status_code == 200
    results = response.json()["results"]
    ScoresAnswer.model_validate(response.json())
    statuses = [result["status"] for result in results]
    assert statuses == ["scored", "failed", "failed", "failed", "failed", "scored", "abstained"]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/rows/1/features/recency_days"
    assert results[2]["problem"]["status"] == 404
    FailedRow.model_validate(results[3])
    assert results[0]["churn_probability"] == score(client, **ROW)["churn_probability"]
    assert len({result.get("model_version", "v") for result in results} - {"v"}) == 1
    assert len(store.predictions_of("c-5")) == 1


def test_a_row_gets_the_same_answer_alone_and_among_999_others(client):
    others = [
        {"customer_id": f"o-{n}", "features": {**FEATURES, "recency_days": n % 365}}
        for n in range(499)
    ]
    together = client.post("/v1/scores", json={"rows": [*others, ROW, *others]}).json()["results"]
    alone = score(client, **ROW)
    differs = {"prediction_id"}
    assert {k: v for k, v in together[499].items() if k not in differs} == {
        k: v for k, v in alone.items() if k not in differs
    }


def test_too_many_computations_at_once_are_refused_at_once(app, client):
    with ExitStack() as held:
        for _ in range(app.state.desk.settings.max_event_computations):
            held.enter_context(app.state.desk.event_turns.turn())
        response = client.post("/v1/score", json={"customer_id": "c-1", "events": EVENTS})
        assert response.status_code == 503
        assert response.headers["retry-after"] == "2"
        assert client.post("/v1/score", json=ROW).status_code == 200
    assert client.post("/v1/score", json={"customer_id": "c-1", "events": EVENTS}).is_success


def test_rows_that_are_not_reached_in_time_say_so_and_the_others_are_answered(
    settings, bundle, store
):
    hurried = settings.model_copy(update={"event_deadline_seconds": 1e-9})
    rows = [ROW, {"customer_id": "c-1", "events": EVENTS}]
    with TestClient(create_app(hurried, model=bundle, store=store, now=lambda: NOW)) as client:
        first, second = client.post("/v1/scores", json={"rows": rows}).json()["results"]
    assert first["status"] == "scored"
    assert (second["status"], second["problem"]["status"]) == ("failed", 503)
    assert "fewer rows" in second["problem"]["detail"]


@pytest.mark.parametrize("change", [{"sql": "count(*)"}, None], ids=["declared otherwise", "gone"])
def test_events_are_refused_if_the_model_means_other_features(client, monkeypatch, change):
    def other(names):
        if change is None:
            raise ContractError("The catalogue has no such feature.")
        return tuple(replace(feature, **change) for feature in features_named(names))

    monkeypatch.setattr("service.scoring.answering.features_named", other)
    response = client.post("/v1/score", json={"customer_id": "c-1", "events": EVENTS})
    assert response.status_code == 409
    assert response.json()["type"] == "urn:ebbtide:problem:catalogue-differs"
    assert client.post("/v1/score", json=ROW).status_code == 200


def test_an_answer_says_how_sure_it_is_if_asked(client):
    bare = score(client, features=FEATURES)
    sure = score(client, features=FEATURES, interval=True)
    assert (bare["churn_probability_low"], bare["churn_probability_high"]) == (None, None)
    assert sure["churn_probability"] == bare["churn_probability"]
    odds = sure["churn_probability"] / (1 - sure["churn_probability"])
    low, high = sure["churn_probability_low"], sure["churn_probability_high"]
    assert low / (1 - low) == pytest.approx(odds * math.exp(-0.4))
    assert high / (1 - high) == pytest.approx(odds * math.exp(0.5))


def test_rows_are_asked_for_intervals_one_by_one(client):
    rows = [{**ROW, "interval": True}, ROW]
    results = client.post("/v1/scores", json={"rows": rows}).json()["results"]
    assert [result["churn_probability_low"] is None for result in results] == [False, True]


def test_reasons_are_left_out_if_asked_and_all_else_is_the_same(client):
    full = score(client, features=FEATURES, reasons=True)
    bare = score(client, features=FEATURES, reasons=False)
    about = {name for name in full if name.startswith("reason")} | {"prediction_id"}
    assert full["reasons"]
    assert full["reasons_asked"] is True
    assert bare["reasons"] == []
    assert bare["reasons_asked"] is False
    nulls = about - {"reasons", "reasons_asked", "prediction_id"}
    assert all(bare[name] is None for name in nulls)
    assert {n: v for n, v in bare.items() if n not in about} == {
        n: v for n, v in full.items() if n not in about
    }


def test_rows_are_asked_for_reasons_one_by_one(client):
    rows = [{**ROW, "reasons": False}, ROW, {**ROW, "reasons": None}]
    results = client.post("/v1/scores", json={"rows": rows}).json()["results"]
    assert [bool(result["reasons"]) for result in results] == [False, True, True]
