"""An address names exactly one customer, or nobody; and whoever is scored can be named by one."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from service.access.key_verbs import create_key
from small_model import NOW, ROW

JSON = {"Content-Type": "application/json"}
TAKEN = "caf\ufffd"
"""Somebody's id, and what the framework makes of ``caf%E9``."""

ROUTES = (
    ("GET", "/score", None),
    ("GET", "/history", None),
    ("GET", "/export", None),
    ("GET", "/preferences", None),
    ("PUT", "/preferences", {"profiling_opt_out": True, "contact_opt_out": True}),
    ("DELETE", "", None),
)
BROKEN = (
    *("caf%E9", "caf%e9", "%C0%AF", "%ED%A0%80", "%FF%FE", "%E2%80", "%F5%80%80%80"),
    *("a%zzb", "a%", "a%4", "%25%E9", "%%41", "caf%C3%A9%E9"),
)
PROPER = (
    *("caf\u00e9", TAKEN, "50%", "%!", "a/b", "a b", "a+b", "\u5ba2\u6237", "\U0001f600"),
    *("a\u2028b", "\ufeff", "\u202ea", "a\u00a0b", "\ue000", "x" * 128),
)
NO_IDS = ("", "a\0b", "a\n", "\x7f", "\x85", "x" * 129)


def scored(client, customer_id):
    content = json.dumps({**ROW, "customer_id": customer_id}).encode()
    return client.post("/v1/score", content=content, headers=JSON).status_code


def test_the_routes_are_all_that_name_a_customer(app):
    named = {
        (method, path.removeprefix("/v1/customers/{customer_id}"))
        for path, methods in app.openapi()["paths"].items()
        if "{customer_id}" in path
        for method in methods
    }
    assert named == {(method.lower(), behind) for method, behind, _ in ROUTES}


@pytest.mark.parametrize("written", BROKEN)
def test_what_is_wrongly_escaped_is_about_nobody(client, written):
    assert scored(client, TAKEN) == 200
    for method, behind, body in ROUTES:
        response = client.request(method, f"/v1/customers/{written}{behind}", json=body)
        assert response.status_code == 422, (method, behind)
        (fault,) = response.json()["errors"]
        assert (fault["pointer"], fault["got_kind"]) == ("/customer_id", "wrongly escaped text")
    told = client.get(f"/v1/customers/{quote(TAKEN)}/score")
    assert (told.status_code, told.json()["status"]) == (200, "scored")


@pytest.mark.parametrize("customer_id", PROPER)
def test_whoever_is_scored_is_found_and_erased(client, customer_id):
    assert scored(client, customer_id) == 200
    path = f"/v1/customers/{quote(customer_id, safe='')}"
    assert client.get(f"{path}/score").json()["customer_id"] == customer_id
    assert client.delete(path).json()["tables"]["current_scores"] == 1
    assert client.get(f"{path}/score").status_code == 404


@pytest.mark.parametrize("customer_id", NO_IDS, ids=ascii)
def test_an_id_that_is_not_scored_is_not_taken_in_an_address(client, customer_id):
    assert scored(client, customer_id) == 422
    path = f"/v1/customers/{quote(customer_id, safe='')}"
    for method, behind, body in ROUTES:
        assert client.request(method, path + behind, json=body).status_code == 422


def test_who_may_not_ask_is_told_that_first(app, client):
    database = app.state.desk.store.database
    key = create_key(
        database, name="reader", scopes=("read",), days=9, rate_limit=None, at=NOW, actor="cli:ops"
    )
    app.state.desk.gate.mode()
    assert client.delete("/v1/customers/caf%E9").status_code == 401
    held = {"Authorization": f"Bearer {key.text}"}
    assert client.delete("/v1/customers/caf%E9", headers=held).status_code == 403
    assert client.get("/v1/customers/caf%E9/score", headers=held).status_code == 422
