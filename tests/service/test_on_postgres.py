"""Two services on one PostgreSQL database do once what both are asked; it takes no odd ids."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import cycle, islice

import pytest
from fastapi.testclient import TestClient

from ebbtide.errors import SettingsError
from ebbtide.store.audit import verify
from ebbtide.store.sql import open_store
from on_postgres import empty_schema, postgres_in
from service.app import create_app
from small_model import ROW

pytestmark = pytest.mark.xdist_group("postgres")

HOOK = {"url": "https://crm.example/hook", "kinds": ["alarm.raised"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres_in(tmp_path_factory.mktemp("postgres") / "data") as made:
        yield made


@pytest.fixture
def url(server):
    return empty_schema(server.get_uri())


@pytest.fixture
def services(url, tmp_path, settings, bundle):
    stores = [open_store(url, folder=tmp_path) for _ in range(2)]
    apps = [
        create_app(settings, model=bundle, store=store, now=lambda: datetime.now(UTC))
        for store in stores
    ]
    with TestClient(apps[0]) as one, TestClient(apps[1]) as other:
        yield one, other


def at_once(services, ask, *, times=8):
    """Ask the services in turn, all at the same time; return what they answered."""
    answers = []
    threads = [
        threading.Thread(target=lambda each=each: answers.append(ask(each)))
        for each in islice(cycle(services), times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize(("path", "body"), [("/v1/score", ROW), ("/v1/webhooks", HOOK)])
def test_requests_with_one_key_at_once_are_one(services, path, body):
    key = {"Idempotency-Key": "k"}
    answers = at_once(services, lambda each: each.post(path, json=body, headers=key))
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


def test_deeds_of_several_services_are_one_chain(services, url):
    out = {"profiling_opt_out": True, "contact_opt_out": False}
    at_once(services, lambda each: each.put("/v1/customers/c-1/preferences", json=out))
    store = open_store(url)
    with store.database.read() as connection:
        assert verify(connection).entries == 8
    store.close()


def test_an_opt_out_at_one_service_holds_at_the_other(services):
    one, other = services
    key = {"Idempotency-Key": "k"}
    assert other.post("/v1/score", json=ROW, headers=key).json()["status"] == "scored"
    out = {"profiling_opt_out": True, "contact_opt_out": False}
    one.put(f"/v1/customers/{ROW['customer_id']}/preferences", json=out)
    assert other.post("/v1/score", json=ROW, headers=key).json()["status"] == "abstained"


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/webhooks/%00", "unknown-webhook"),
        ("DELETE", "/v1/webhooks/%00", "unknown-webhook"),
        ("POST", "/v1/webhooks/%00/rotate", "unknown-webhook"),
        ("GET", "/v1/jobs/%00", "unknown-job"),
        ("GET", "/v1/campaigns/%00/effect", "unknown-action"),
    ],
)
def test_an_id_that_no_database_takes_is_not_found(services, method, path, kind):
    answer = services[0].request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (404, f"urn:ebbtide:problem:{kind}")


def test_a_machine_with_another_key_of_pseudonyms_does_not_start(services, url, tmp_path):
    with pytest.raises(SettingsError, match=r"pseudonym\.key"):
        open_store(url, folder=tmp_path / "of-another-machine")
