"""What the service says about itself: model, card, features, actions, health, OpenAPI."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import anyio
import httpx
import pytest
from fastapi.testclient import TestClient

from ebbtide.drivers import Drivers
from ebbtide.policy.policy import Eligibility, FeatureBounds, Holdout
from ebbtide.store.store import StoreUnavailable
from service.app import create_app
from service.scoring.shapes import AnswerShape, ScoresAnswer
from service.what_if import examples
from service.what_if.shapes import WhatIfAnswer

PROBES = ("/livez", "/readyz", "/metrics")


def test_the_model_says_what_it_is(client, bundle):
    model = client.get("/v1/model").json()
    assert model["model_version"] == bundle.version
    assert (model["kind"], model["source"], model["is_signed"]) == ("logistic", "given", True)
    assert model["definition"] == bundle.definition.code
    assert model["metrics"] == bundle.manifest["metrics"]
    assert model["metrics"]["calibration_checked_on"] == "a later period"
    assert model["currency"] == "EUR"
    assert Drivers.from_json(model["drivers"]) == bundle.drivers


def test_the_card_is_markdown(client):
    response = client.get("/v1/model/card")
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.text == "# Model card\n"


def test_the_schema_lists_each_feature_with_its_words(client):
    features = client.get("/v1/schema").json()["features"]
    by_name = {feature["name"]: feature for feature in features}
    assert next(iter(by_name)) == "recency_days"
    assert by_name["recency_days"]["is_nullable"] is False
    assert by_name["purchase_days_90d"]["high"] == 90
    assert by_name["complaint_open_days"]["when_null"]
    assert by_name["complaint_open_days"]["typical"] is None
    groups = [by_name["recency_days"][f"typical_{group}"] for group in ("stayers", "leavers")]
    assert groups == [22.0, 96.0]


def test_the_actions_are_those_of_the_policy_in_the_language_asked_for(client):
    response = client.get("/v1/actions", headers={"Accept-Language": "zh"})
    assert response.headers["content-language"] == "zh"
    actions = {action["code"]: action for action in response.json()["actions"]}
    assert len(actions) == 9
    assert actions["loyalty_points"]["text"] == "赠送500积分，下次购物可抵5.00"
    assert actions["loyalty_points"]["family"] == "loyalty_points"
    assert {action["holdout_share"] for action in actions.values()} == {0.0}


def test_an_action_says_its_family_and_the_share_that_is_held_out_but_no_salt(app, client):
    desk = app.state.desk
    first, *others = desk.policy.actions
    actions = (replace(first, family="contact", holdout_share=0.3), *others)
    holdout = Holdout(share=0.1, salt="s3cret-s4lt")
    policy = replace(desk.policy, actions=actions, holdout=holdout)
    app.state.desk = replace(desk, policy=policy)
    answer = client.get("/v1/actions")
    told = [(each["family"], each["holdout_share"]) for each in answer.json()["actions"]]
    assert told[:2] == [("contact", 0.3), (others[0].code, 0.1)]
    assert "s3cret" not in answer.text


def test_alive_and_ready(client, bundle):
    assert client.get("/livez").json() == {"state": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "state": "ready",
        "reasons": [],
        "model_version": bundle.version,
        "source": "given",
        "access": "demo mode",
    }


def test_without_its_store_it_is_alive_but_not_ready(app, client, store, monkeypatch):
    def fail(*_args, **_named):
        raise StoreUnavailable("record the predictions")

    monkeypatch.setattr(store, "check", fail)
    monkeypatch.setattr(store, "add_predictions", fail)
    assert client.get("/livez").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.json()["state"]) == (503, "not_ready")
    row = {"customer_id": "c", "events": {}}
    refused = client.post("/v1/score", json=row)
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:ebbtide:problem:store-unavailable"
    assert refused.headers["retry-after"] == "2"


def test_it_is_alive_while_every_thread_waits(app):
    """``/livez`` answers on the event loop: with no worker thread at all."""

    async def ask():
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        transport = httpx.ASGITransport(app=app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
            anyio.to_thread.current_default_thread_limiter(),
        ):
            return (await client.get("/livez")).json()

    assert anyio.run(ask) == {"state": "alive"}


def test_too_many_requests_are_sent_away_but_never_a_probe(settings, bundle, store, monkeypatch):
    small = settings.model_copy(update={"max_requests": 1})
    app = create_app(small, model=bundle, store=store)
    gate = app.state.desk.gate

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            arrived, released = anyio.Event(), anyio.Event()

            async def slowly(request, admit=gate.admit):
                arrived.set()
                await released.wait()
                return await admit(request)

            monkeypatch.setattr(gate, "admit", slowly)
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, "/v1/model")
                await arrived.wait()
                refused = await client.get("/v1/model")
                monkeypatch.undo()
                probes = [(await client.get(path)).status_code for path in PROBES]
                released.set()
            return refused, probes, (await client.get("/v1/model")).status_code

    refused, probes, after = anyio.run(ask)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json()["type"] == "urn:ebbtide:problem:busy"
    assert (probes, after) == ([200] * 3, 200)


def test_while_others_write_for_long_it_refuses_and_says_when_to_come_again(
    settings, bundle, project_file
):
    hurried = settings.model_copy(update={"store_wait_seconds": 0.1})
    with TestClient(create_app(hurried, model=bundle)) as client:
        (database,) = project_file.parent.rglob("store.db")
        other = sqlite3.connect(database)
        other.execute("BEGIN IMMEDIATE")
        refused = client.post("/v1/score", json={"customer_id": "c", "events": {}})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert refused.json()["type"] == "urn:ebbtide:problem:store-busy"
        assert client.get("/readyz").status_code == 200
        other.rollback()
        other.close()
        assert client.post("/v1/score", json={"customer_id": "c", "events": {}}).is_success


def test_an_action_that_asks_for_an_unknown_feature_is_complained_of(app, client):
    desk = app.state.desk
    first, *others = desk.policy.actions
    rule = Eligibility(features=(FeatureBounds(name="shoe_size", low=1.0),))
    actions = (replace(first, eligibility=rule), *others)
    object.__setattr__(desk, "policy", replace(desk.policy, actions=actions))
    ready = client.get("/readyz").json()
    assert ready["state"] == "degraded"
    assert (
        "apology_call is never suggested: its eligibility asks for shoe_size"
        in (ready["reasons"][0])
    )


def test_metrics_count_requests_rows_and_problems(client):
    client.post("/v1/scores", json={"rows": [{"customer_id": "c", "events": {}}, 1]})
    client.get("/nowhere")
    text = client.get("/metrics").text
    for line in (
        'ebbtide_http_requests_total{method="POST",route="/v1/scores",status="200"} 1.0',
        'ebbtide_http_requests_total{method="GET",route="unmatched",status="404"} 1.0',
        'ebbtide_rows_total{status="abstained"} 1.0',
        'ebbtide_rows_total{status="failed"} 1.0',
        'ebbtide_problems_total{kind="invalid-request"} 1.0',
        "ebbtide_model_served 1.0",
        "ebbtide_registry_reachable 1.0",
    ):
        assert line in text


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_openapi_names_every_operation_shortly(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) >= 35
    assert max(map(len, ids)) <= 40


def test_openapi_documents_problems_and_bodies(document):
    score = document["paths"]["/v1/score"]["post"]
    assert set(score["responses"]) == {
        *("200", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503")
    }
    for status, response in score["responses"].items():
        if status != "200":
            assert list(response["content"]) == ["application/problem+json"]
    schemas = document["components"]["schemas"]
    body = score["requestBody"]["content"]["application/json"]
    assert body["schema"]["$ref"].endswith("/ScoreRequest")
    assert set(schemas["ScoreRequest"]["properties"]) >= {"customer_id", "features", "events"}
    rows = document["paths"]["/v1/scores"]["post"]["requestBody"]["content"]["application/json"]
    assert rows["schema"]["$ref"].endswith("/ScoresRequest")
    items = schemas["ScoresRequest"]["properties"]["rows"]["items"]
    assert items["$ref"].endswith("/ScoreRequest")


def test_every_reference_in_openapi_leads_somewhere(document):
    def references(part):
        if isinstance(part, dict):
            yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for each in part.values():
                yield from references(each)
        if isinstance(part, list):
            for each in part:
                yield from references(each)

    schemas = document["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in references(document)} <= set(schemas)


def test_the_examples_of_answers_have_the_shape_of_answers(document):
    shapes = {
        "/v1/score": AnswerShape,
        "/v1/scores": ScoresAnswer,
        "/v1/what-if": WhatIfAnswer,
    }
    for path, shape in shapes.items():
        content = document["paths"][path]["post"]["responses"]["200"]["content"]
        shape.model_validate(content["application/json"]["example"])
        assert "$ref" in content["application/json"]["schema"]


def test_the_example_of_what_if_tells_what_its_request_asks(client):
    answer = client.post("/v1/what-if", json=examples.ASKED).json()
    told = examples.ANSWER
    for name in ("status", "language", "kept_in_families", "notice", "definition"):
        assert answer[name] == told[name], name
    assert [(c["feature"], c["before"], c["after"]) for c in answer["changed"]] == [
        (c["feature"], c["before"], c["after"]) for c in told["changed"]
    ]


def test_the_examples_of_openapi_work(client, document):
    for path in ("/v1/score", "/v1/scores", "/v1/what-if"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert client.post(path, json=body["example"]).status_code == 200
