"""Bad requests: the exact status, kind, place and message of each, at every route."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bad_requests.every import LET_IN, TABLES, TAKE_JSON
from bad_requests.tables import access
from service.access.key_verbs import create_key
from service.access.scopes import SCOPES
from service.problems import KINDS
from small_model import NOW

EVERY = [bad for table in TABLES.values() for bad in table]


def checked(bad, problem):
    title = KINDS[bad.kind][1]
    assert problem["type"] == f"urn:ebbtide:problem:{bad.kind}"
    assert (problem["title"], problem["status"]) == (title, bad.status)
    assert problem["detail"] == bad.detail
    faults = [(each["pointer"], each["expected"], each["got_kind"]) for each in problem["errors"]]
    assert faults == ([] if bad.fault is None else [bad.fault])
    assert all(each["fix"] for each in problem["errors"])


@pytest.mark.parametrize("bad", LET_IN, ids=str)
def test_a_bad_request_gets_its_exact_problem(teller, bad):
    response = teller.send(bad)
    checked(bad, teller.problem_of(bad, response))
    assert ("allow" in response.headers) == (bad.status == 405)
    assert ("www-authenticate" in response.headers) == (bad.status in (401, 403))


@pytest.fixture(scope="module")
def guarded(make_service, make_teller):
    """A service with a key of each scope, and the keys."""
    app = make_service()
    teller = make_teller(app)  # which makes a webhook: there is no key yet
    keys = {
        scope: create_key(
            app.state.desk.store.database,
            name=scope,
            scopes=(scope,),
            days=30,
            rate_limit=None,
            at=NOW,
            actor="cli:ops",
        ).text
        for scope in SCOPES
    }
    app.state.desk.gate.mode()  # reads the keys
    return teller, keys


@pytest.mark.parametrize("bad", access.TABLE, ids=str)
def test_who_is_not_let_in_is_told_why(guarded, bad):
    teller, keys = guarded
    headers = {
        name: re.sub("<key: ([a-z]+)>", lambda found: keys[found[1]], value)
        for name, value in bad.headers.items()
    }
    response = teller.send(bad, **headers)
    checked(bad, teller.problem_of(bad, response))
    assert "www-authenticate" in response.headers


def test_the_tables_hold_every_route_that_can_be_asked_wrongly(teller):
    routes = {bad.route for bad in EVERY} | {route for route, _ in TAKE_JSON}
    document = teller.client.get("/openapi.json").json()["paths"]
    asked_wrongly = {
        f"{method.upper()} {path}"
        for path, methods in document.items()
        for method, operation in methods.items()
        if operation.get("requestBody") or operation.get("parameters")
        if not path.startswith(("/v1/actions", "/v1/schema"))  # any language will do
    }
    assert asked_wrongly <= routes


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/scores", "GET, POST"),
        ("/v1/webhooks/w", "DELETE, GET, PATCH"),
        ("/v1/customers/c-1/preferences", "GET, PUT"),
        ("/v1/customers/north%2F17", "DELETE"),
        ("/livez", "GET"),
    ],
)
def test_allow_names_every_method_of_an_address(teller, path, methods):
    response = teller.client.options(path)
    assert (response.status_code, response.headers["allow"]) == (405, methods)


def test_there_are_many_bad_requests_and_each_is_there_once():
    assert len(EVERY) >= 80
    names = Counter(str(bad) for bad in EVERY)
    assert [name for name, count in names.items() if count > 1] == []
    assert len({bad.kind for bad in EVERY}) >= 12
