"""What was said about a customer, and what differs from one answer to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.read import read_bundle
from service.app import create_app
from service.looking_up.shapes import History

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 1,
    "discount_share_365d": 0.25,
    "complaints_90d": 0,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
HISTORY = "/v1/customers/c-1/history"


@pytest.fixture
def score(later, clock):
    """Score c-1 some days later, with other features."""

    def scored(*, days=0, status=200, **changes):
        clock[0] += days * DAY
        row = {"customer_id": "c-1", "features": {**FEATURES, **changes}}
        response = later.post("/v1/score", json=row)
        assert response.status_code == status, response.text
        return response.json()

    return scored


def read(client, language="en", **query):
    response = client.get(HISTORY, params=query, headers={"Accept-Language": language})
    assert response.status_code == 200, response.text
    History.model_validate(response.json())
    assert response.headers["content-language"] == language
    return response.json()


def changes(difference):
    return {each["feature"]: each["change"] for each in difference["reasons"]}


def test_of_rows_about_one_customer_in_one_request_the_last_is_the_newest_everywhere(later):
    rows = [
        {"customer_id": "c-1", "features": {**FEATURES, "recency_days": 140 + number}}
        for number in range(8)
    ]
    given = later.post("/v1/scores", json={"rows": rows}).json()["results"]
    assert later.get("/v1/customers/c-1/score").json() == given[-1]
    assert [each["answer"] for each in read(later)["results"]] == given[::-1]
    (then,) = read(later, as_of=NOW.isoformat())["results"]
    assert then["answer"] == given[-1]


def test_a_complaint_appears_among_the_reasons(later, score):
    before = score()
    after = score(days=1, complaints_90d=200)
    newest, oldest = read(later)["results"]
    assert (newest["answer"], oldest["answer"]) == (after, before)
    assert oldest["difference"] is None
    difference = newest["difference"]
    assert (difference["before"], difference["after"]) == (
        before["prediction_id"],
        after["prediction_id"],
    )
    assert difference["probability_difference"] == pytest.approx(
        after["churn_probability"] - before["churn_probability"]
    )
    assert changes(difference) == {"recency_days": "same", "complaints_90d": "appeared"}
    (complaints,) = (each for each in difference["reasons"] if each["change"] == "appeared")
    assert (complaints["value_before"], complaints["value_after"]) == (0.0, 200.0)
    assert complaints["contribution_before"] is None
    assert complaints["contribution_after"] == after["reasons"][0]["contribution"] or (
        complaints["contribution_after"] == after["reasons"][1]["contribution"]
    )
    assert not any(difference[f"{name}_changed"] for name in ("model", "policy", "definition"))


@pytest.mark.parametrize(
    ("recency_days", "change"), [(143, "same"), (200, "stronger"), (60, "weaker"), (5, "gone")]
)
def test_a_reason_of_both_weighs_more_or_less_or_the_same(later, score, recency_days, change):
    score()
    score(days=1, recency_days=recency_days)
    difference = read(later)["results"][0]["difference"]
    assert changes(difference)["recency_days"] == change
    (recency,) = (e for e in difference["reasons"] if e["feature"] == "recency_days")
    assert (recency["value_before"], recency["value_after"]) == (143.0, float(recency_days))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "The probability rose by {points} points, from {before}% to {after}%; new among the "
            "reasons: “{text}”.",
        ),
        (
            "zh",
            "流失概率上升 {points} 个百分点，由 {before}% 升至 {after}%；新出现的因素：“{text}”。",
        ),
    ],
)
def test_one_sentence_says_it_in_both_languages(later, score, language, sentence):
    before, after = score(), score(days=1, complaints_90d=200)
    newest = read(later, language)["results"][0]
    (text,) = (
        each["text"] for each in newest["answer"]["reasons"] if each["feature"] == "complaints_90d"
    )
    tenths = [round(1000 * each["churn_probability"]) / 10 for each in (before, after)]
    assert newest["difference"]["why_changed"] == sentence.format(
        points=f"{tenths[1] - tenths[0]:.1f}", before=tenths[0], after=tenths[1], text=text
    )


def test_pages_are_read_to_the_end_with_each_difference(later, score):
    said = [score(days=1, recency_days=20 * number + 5) for number in range(5)]
    whole = read(later)
    assert whole["next_cursor"] is None
    assert [each["answer"]["prediction_id"] for each in whole["results"]] == [
        each["prediction_id"] for each in reversed(said)
    ]
    pages, cursor = [], {}
    while cursor is not None:
        page = read(later, limit=2, **cursor)
        pages += page["results"]
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    assert pages == whole["results"]


def test_answers_of_one_instant_are_each_read_once(later, score):
    said = {score()["prediction_id"] for _ in range(4)}
    page = read(later, limit=3)
    rest = read(later, limit=3, cursor=page["next_cursor"])
    ids = [each["answer"]["prediction_id"] for each in page["results"] + rest["results"]]
    assert len(ids) == 4
    assert set(ids) == said


def test_of_a_date_it_is_what_was_current_then_and_what_has_changed_since(later, score):
    first = score()
    then = score(days=10, complaints_90d=50)
    now = score(days=10, complaints_90d=200)
    found = read(later, as_of=(NOW + 12 * DAY).isoformat())
    (entry,) = found["results"]
    assert entry["answer"] == then
    assert entry["difference"]["before"] == first["prediction_id"]
    since = found["changed_since"]
    assert (since["before"], since["after"]) == (then["prediction_id"], now["prediction_id"])
    assert changes(since)["complaints_90d"] == "stronger"


def test_of_the_present_nothing_has_changed_since_and_before_the_first_nothing_was_said(
    later, score
):
    now = score()
    found = read(later, as_of=NOW.isoformat())
    assert found["results"][0]["answer"] == now
    assert found["changed_since"] is None
    assert read(later, as_of=(NOW - DAY).isoformat())["results"] == []


def test_an_answer_of_an_earlier_as_of_was_never_current(later, score):
    first = score()
    row = {"customer_id": "c-1", "features": FEATURES, "as_of": "2026-02-01T00:00:00Z"}
    later.post("/v1/score", json=row)
    assert read(later, as_of=NOW.isoformat())["results"][0]["answer"] == first
    assert len(read(later)["results"]) == 2


def test_without_a_score_there_is_no_difference_of_probabilities(later, score):
    scored = score()
    score(days=1, recency_days=400)
    score(days=1, recency_days=400)
    never, lost, _ = (each["difference"] for each in read(later)["results"])
    percent = f"{100 * scored['churn_probability']:.1f}"
    assert lost["probability_difference"] is None
    assert lost["why_changed"].startswith(
        f"The probability was {percent}%; there is no score now; no longer among them: “"
    )
    assert never["why_changed"] == "There was no score before, and there is none now."


def test_another_model_policy_and_definition_are_said_and_weights_not_compared(
    settings, bundle, make_bundle, store
):
    other = read_bundle(make_bundle(0.5, key=None), key=None)
    redefined = replace(other, definition=replace(bundle.definition, horizon_days=30))
    clients = []
    for model in (bundle, redefined):
        app = create_app(settings, model=model, store=store, now=lambda: NOW)
        if clients:
            desk = app.state.desk
            app.state.desk = replace(desk, policy=replace(desk.policy, owner="another"))
        clients.append(TestClient(app))
        clients[-1].post("/v1/score", json={"customer_id": "c-1", "features": FEATURES})
    (difference,) = (e["difference"] for e in read(clients[-1])["results"] if e["difference"])
    assert all(difference[f"{name}_changed"] for name in ("model", "policy", "definition"))
    assert set(changes(difference).values()) == {"not_comparable"}
    assert "do not mean the same" in difference["why_changed"]
    assert "weights are not compared" in difference["why_changed"]


def test_nothing_was_said_about_who_is_not_known(client):
    found = client.get("/v1/customers/nobody/history").json()
    assert (found["results"], found["next_cursor"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 1001}, "/limit"),
        ({"limit": "many"}, "/limit"),
        ({"cursor": "nonsense"}, "/cursor"),
        ({"as_of": "yesterday"}, "/as_of"),
        ({"as_of": "2026-03-01T00:00:00"}, "/as_of"),
        ({"since": "2026-03-01T00:00:00Z"}, ""),
        ({"limit": ["1", "2"]}, "/limit"),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_refused(client, query, pointer):
    refused = client.get(HISTORY, params=query)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


def test_a_date_and_a_cursor_are_not_asked_for_together(later, score):
    for _ in range(2):
        score(days=1)
    cursor = read(later, limit=1)["next_cursor"]
    refused = later.get(HISTORY, params={"cursor": cursor, "as_of": NOW.isoformat()})
    assert refused.status_code == 422
