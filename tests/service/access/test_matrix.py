"""Every route against every scope: open on purpose, or shut to all but one."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from service.access.guard import Needs
from service.access.scopes import SCOPES

OPEN = {"/livez", "/readyz", "/openapi.json", "/openapi-3.0.json", "/openapi-2.0.json"}
PASSED_ON = {"/v1/model", "/v1/model/card", "/v1/schema", "/v1/actions"}


def routes_of(app):
    found, pending = [], list(app.routes)
    while pending:
        route = pending.pop()
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(route, "methods"):
            found.append(route)
        elif inner is not None and hasattr(inner, "routes"):
            pending += inner.routes
        else:
            raise AssertionError(f"a kind of route that this test does not know: {route!r}")
    return found


def guards_of(route):
    return [each.call for each in route.dependant.dependencies if isinstance(each.call, Needs)]


@pytest.fixture
def operations(app):
    """Path and method of every guarded operation, with the scope that it needs."""
    return [
        (route.path, method, guards_of(route)[-1].scope)
        for route in routes_of(app)
        if isinstance(route, APIRoute) and guards_of(route)
        for method in sorted(route.methods)
    ]


def address(path):
    return re.sub(r"\{[^}]*\}", "x", path)


def test_each_route_is_open_on_purpose_or_guarded_once(app):
    routes = routes_of(app)
    assert len(routes) > 10
    for route in routes:
        guards = guards_of(route) if isinstance(route, APIRoute) else []
        assert len(guards) == (0 if route.path in OPEN else 1), route.path


def test_no_route_lets_fastapi_read_its_body_before_the_guard(app):
    for route in routes_of(app):
        if isinstance(route, APIRoute):
            assert route.body_field is None, route.path


def test_the_guard_comes_before_every_other_dependency(app):
    for route in routes_of(app):
        if isinstance(route, APIRoute) and route.path not in OPEN:
            assert isinstance(route.dependant.dependencies[0].call, Needs), route.path


def test_only_what_describes_the_service_needs_no_scope(operations):
    assert {path for path, _, scope in operations if scope is None} == PASSED_ON


def test_every_scope_is_one_that_keys_can_have(operations):
    assert {scope for _, _, scope in operations if scope} <= set(SCOPES)


def test_without_a_key_every_guarded_operation_answers_401(operations, client, make_key):
    make_key()
    for path, method, _ in operations:
        answer = client.request(method, address(path))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="ebbtide"'


def test_every_other_scope_gets_403_and_the_right_one_gets_in(operations, client, make_key):
    assert operations
    for scope in SCOPES:
        key = make_key(scope, name=f"only-{scope}").text
        others = make_key(*(each for each in SCOPES if each != scope), name=f"not-{scope}").text
        for path, method, needed in operations:
            place = (method, path, scope)
            alone = client.request(method, address(path), headers={"X-Api-Key": key})
            without = client.request(method, address(path), headers={"X-Api-Key": others})
            is_let_in = alone.status_code not in (401, 403)
            assert is_let_in == (needed in (scope, None)), place
            assert (without.status_code == 403) == (needed == scope), place
            if alone.status_code == 403:
                assert repr(needed) in alone.json()["detail"]


def test_the_document_names_the_schemes_and_refusals_of_every_guarded_operation(operations, client):
    document = client.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert schemes["Bearer"]["scheme"] == "bearer"
    assert (schemes["ApiKey"]["in"], schemes["ApiKey"]["name"]) == ("header", "X-Api-Key")
    described = {
        (path, method.upper()): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for path, method, _ in operations:
        if (path, method) in described:
            operation = described[path, method]
            assert operation["security"] == [{"Bearer": []}, {"ApiKey": []}], path
            assert {"401", "403", "429"} <= set(operation["responses"]), path
    assert "security" not in described["/livez", "GET"]
