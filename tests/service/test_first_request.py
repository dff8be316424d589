"""The first request pays for no making of routes, which two apps would do at once."""

from __future__ import annotations

import pydantic
import pytest

HOOK = {"url": "https://crm.example/hook", "kinds": ["alarm.raised"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/webhooks", HOOK, 201),
        ("GET", "/v1/webhooks", None, 200),
        ("GET", "/v1/nothing-of-the-kind", None, 404),
    ],
)
def test_routes_are_made_before_anybody_asks(client, monkeypatch, method, path, body, status):
    def refuse(*_given, **_named):
        pytest.fail("a request had the framework make a route")

    monkeypatch.setattr(pydantic.TypeAdapter, "__init__", refuse)
    assert client.request(method, path, json=body).status_code == status
