"""The OpenAPI document is written once for each model, and is that of the model that is served."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.read import read_bundle
from service import documents
from small_model import KEY

PATHS = ("/openapi.json", "/openapi-3.0.json", "/openapi-2.0.json")


@pytest.fixture
def written(monkeypatch):
    """Note in which thread each document is written."""
    threads, real = [], documents._write

    def noting(*given):
        threads.append(threading.current_thread().name)
        return real(*given)

    monkeypatch.setattr(documents, "_write", noting)
    return threads


def test_each_is_written_once_and_not_on_the_event_loop(app, written):
    with TestClient(app) as client:
        first = [client.get(path) for path in PATHS]
        again = [client.get(path) for path in PATHS]
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert all(answer.headers["content-type"] == "application/json" for answer in first)
    versions = [answer.json().get("openapi") or answer.json()["swagger"] for answer in first]
    assert versions == ["3.1.0", "3.0.3", "2.0"]
    assert len(written) == len(PATHS)
    assert all("AnyIO" in thread for thread in written)


def test_another_model_has_a_document_of_its_own(app, make_bundle, written):
    with TestClient(app) as client:
        client.get("/openapi.json")
        supply = app.state.desk.supply
        other = read_bundle(make_bundle(0.5), key=KEY)
        supply.current = replace(supply.current, bundle=other)
        client.get("/openapi.json")
    assert len(written) == 2


def test_nothing_is_known_of_a_document_that_nobody_asked_for(app, written):
    with TestClient(app) as client:
        client.get("/livez")
    assert written == []
