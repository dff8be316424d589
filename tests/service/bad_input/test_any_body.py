"""Whatever body is sent to whatever route: an answer or a problem; good neighbours are unmoved."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bad_requests.bodies import DATE, LATER, decided, features, outcome, what_if
from bad_requests.every import TAKE_JSON
from ebbtide.contracts.tables import TABLES
from service.outcomes.row import OUTCOME_NAMES
from service.problems import KINDS
from service.scoring.row import ROW_NAMES
from small_model import FEATURES

NAMES = sorted(
    {"rows", "outcomes", "events", "features", "changes", "event_id", "url", "kinds", "why"}
    | {"description", "is_enabled", "version", "accept", *decided()}
    | {*ROW_NAMES, *OUTCOME_NAMES, *FEATURES, *TABLES}
    | {column.name for table in TABLES.values() for column in table.columns}
)
WORDS = (
    *(DATE, LATER, "2026-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z"),
    *("c-1", "", "\ud800", "\0", "1e400", "NaN", "stored", "job.finished", "https://[::1]/"),
)
NUMBERS = (10**400, -(10**30), 2**63, 1e300, -0.0, 5e-324, 1e15, -1)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.sampled_from(NUMBERS),
    st.text(max_size=5),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=3))
bodies = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=6)),
    max_leaves=25,
)
EXAMPLES = {
    "POST /v1/score": features(),
    "POST /v1/scores": {"rows": [features()]},
    "POST /v1/what-if": what_if(recency_days=1),
    "POST /v1/events": {
        "events": {
            "complaints": [{"customer_id": "c-1", "opened_at": DATE, "severity": 1}],
            "transactions": [{"customer_id": "c-1", "occurred_at": DATE, "amount": 1.0}],
        }
    },
    "POST /v1/outcomes": outcome(action_code="call", cost=1.0, delivered_at=DATE),
    "POST /v1/webhooks": {"url": "https://crm.example/", "kinds": ["job.finished"]},
    "PATCH /v1/webhooks/{webhook_id}": {"description": "d", "is_enabled": True},
    "PUT /v1/customers/{customer_id}/preferences": decided(),
    "POST /v1/admin/model/promote": {"why": "w", "version": "1", "accept": ["older"]},
    "POST /v1/admin/model/rollback": {"why": "w"},
    "POST /v1/jobs": {"rows": "stored"},
}
"""A good body of every route that takes one."""


@st.composite
def nearly_good(draw, good):
    """Return a good body with something else at one of its places."""
    places = [()]
    for place in places:
        node = _at(good, place)
        steps = (
            node if isinstance(node, dict) else range(len(node) if isinstance(node, list) else 0)
        )
        places += [(*place, step) for step in steps]
    place = draw(st.sampled_from(places))
    return _put(good, place, draw(bodies), draw(st.booleans()) and draw(names))


def _at(node, place):
    for step in place:
        node = node[step]
    return node


def _put(node, place, value, name):
    if not place:
        return {**node, name: value} if name and isinstance(node, dict) else value
    step, *rest = place
    made = dict(node) if isinstance(node, dict) else list(node)
    made[step] = _put(node[step], rest, value, name)
    return made


@pytest.fixture
def send(teller, monkeypatch):
    """Send a body; return the answer, if it is one or a good problem."""
    monkeypatch.setattr("service.admin.routes.run_promotion", lambda *_given, **_more: "done")
    targets = dict(TAKE_JSON)
    webhook_id = teller.client.get("/v1/webhooks").json()["webhooks"][0]["webhook_id"]

    def sent(route, body):
        method, path = route.split()
        target = (targets.get(route) or path).replace("{webhook}", webhook_id)
        text = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        response = teller.client.request(method, target, content=text, headers=headers)
        content = response.json()
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
            kind = content["type"].removeprefix("urn:ebbtide:problem:")
            assert KINDS[kind] == (response.status_code, content["title"])
            assert response.status_code < 500, text
            assert set(content) <= {"type", "title", "status", "detail", "errors"}
        return response.status_code, content

    return sent


def found(**given_settings):
    return settings(suppress_health_check=[HealthCheck.function_scoped_fixture], **given_settings)


@pytest.mark.property
@pytest.mark.parametrize("route", EXAMPLES)
def test_any_json_is_answered(send, route):
    @found(max_examples=25)
    @given(st.one_of(bodies, nearly_good(EXAMPLES[route])))
    def answered(body):
        send(route, body)

    assert send(route, EXAMPLES[route])[0] < 300  # so that it is nearly good
    answered()


@pytest.mark.property
@found(max_examples=40)
@given(st.lists(nearly_good(features(customer_id="bad")), min_size=1, max_size=4), st.data())
def test_good_rows_are_scored_alike_whatever_their_neighbours(send, bad, data):
    good = {"customer_id": "good", "as_of": DATE, "features": FEATURES}
    place = data.draw(st.integers(0, len(bad)))
    status, answer = send("POST /v1/scores", {"rows": [*bad[:place], good, *bad[place:]]})
    alone = send("POST /v1/score", good)[1]
    assert status == 200
    assert _lasting(answer["results"][place]) == _lasting(alone)


def _lasting(answer):
    return {name: value for name, value in answer.items() if name != "prediction_id"}


@pytest.mark.property
@found(max_examples=40)
@given(st.lists(bodies, min_size=1, max_size=4), st.data())
def test_good_events_and_outcomes_are_kept_whatever_their_neighbours(send, bad, data):
    place = data.draw(st.integers(0, len(bad)))
    good = {"customer_id": "good", "event_id": "one", "opened_at": DATE}
    told = {"customer_id": "good", "churned": True, "observed_at": DATE}
    table = [*bad[:place], good, *bad[place:]]
    status, answer = send("POST /v1/events", {"events": {"complaints": table}})
    assert status == 200
    assert answer["kept"] + answer["already_known"] == len(table) - answer["failed"] >= 1
    status, answer = send("POST /v1/outcomes", {"outcomes": [*bad[:place], told, *bad[place:]]})
    assert status == 200
    assert answer["results"][place]["status"] == "recorded"
