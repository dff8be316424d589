"""Current scores are looked up alike on both ways, whatever has happened since."""

from __future__ import annotations

import json

import pytest

from small_model import FEATURES, NOW, ROW

JSON = {"Content-Type": "application/json"}


def with_answers(services):
    rows = [
        {**ROW, "customer_id": "a/b c:%"},
        {**ROW, "customer_id": "客户"},
        {**ROW, "customer_id": "caf\ufffd"},
        ROW,
        {**ROW, "customer_id": "old", "as_of": "2025-06-01T00:00:00Z"},
        {**ROW, "customer_id": "lost", "features": {**FEATURES, "recency_days": 400}},
        {**ROW, "customer_id": "bare", "reasons": False},
    ]
    services.send("POST", "/v1/scores", content=json.dumps({"rows": rows}).encode(), headers=JSON)
    return services


@pytest.fixture(scope="module")
def scored(make_both):
    """Both services, with the same answers in their stores."""
    return with_answers(make_both())


@pytest.fixture
def changing(make_both):
    """The same for a test that changes them."""
    return with_answers(make_both())


PATHS = (
    *("c-1", "a%2Fb%20c:%25", "%E5%AE%A2%E6%88%B7", "old", "lost", "bare", "nobody"),
    *("a/b c:%25", "", "%00", "x" * 129, "%FF", "c-1/", "c-1%2Fscore", "..%2Fc-1"),
    *("caf%E9", "caf%EF%BF%BD", "%C0%AF", "%ED%A0%80", "a%zzb", "c-1%", "a%E2%80%A8b", "%EF%BB%BF"),
)


@pytest.mark.parametrize("customer_id", PATHS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_is_told_alike(scored, customer_id, language):
    scored.send("GET", f"/v1/customers/{customer_id}/score", headers={"Accept-Language": language})


@pytest.mark.parametrize("query", ["?limit=1", "?", "?a=b&a=c"])
def test_a_query_changes_nothing(scored, query):
    assert scored.send("GET", f"/v1/customers/c-1/score{query}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "preferences", {"contact_opt_out": True, "profiling_opt_out": False}),
        ("PUT", "preferences", {"contact_opt_out": False, "profiling_opt_out": True}),
        ("DELETE", "", None),
    ],
)
def test_what_customers_decide_holds_at_once(changing, method, path, body):
    for client in (changing.fast, changing.ordinary):
        target = f"/v1/customers/c-1/{path}".rstrip("/")
        assert client.request(method, target, json=body).status_code < 300
    changing.send("GET", "/v1/customers/c-1/score")


def test_newer_events_are_told(changing):
    events = {"complaints": [{"customer_id": "c-1", "opened_at": NOW.isoformat(), "severity": 1}]}
    for client in (changing.fast, changing.ordinary):
        assert client.post("/v1/events", json={"events": events}).status_code == 200
    answer = changing.send("GET", "/v1/customers/c-1/score").json()
    assert answer["warning_codes"] == "newer_events"


def test_it_is_looked_up_without_the_framework(scored, monkeypatch):
    def no_routing(*_given):
        raise AssertionError

    path = "/v1/customers/c-1/score"
    assert scored.fast.get(path).status_code == 200
    monkeypatch.setattr("starlette.routing.Router.app", no_routing)
    assert scored.fast.get(path).status_code == 200
