"""Demo mode: only this machine, only while there is no key, never through a proxy."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

PATH = "/v1/actions"
LOCAL = {"peer": "127.0.0.1", "base_url": "http://localhost:8000"}


@pytest.mark.parametrize(
    ("peer", "base_url"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("::1", "http://[::1]:8000"),
        ("::ffff:127.0.0.1", "http://LOCALHOST"),
        ("testclient", "http://testserver"),
    ],
)
def test_this_machine_gets_in_without_a_key(make_client, peer, base_url):
    with make_client(peer=peer, base_url=base_url) as client:
        assert client.get(PATH).status_code == 200


@pytest.mark.parametrize(
    ("peer", "base_url"),
    [
        ("192.168.1.5", "http://localhost:8000"),
        ("203.0.113.9", "http://127.0.0.1"),
        ("127.0.0.1", "http://shop.example"),
        ("127.0.0.1", "http://localhost.shop.example"),
        ("127.0.0.1", "http://testserver"),
        ("127.0.0.1", "http://localhost.:8000"),
        ("", "http://localhost"),
    ],
    ids=["lan", "internet", "rebound", "subdomain", "test-name", "dotted", "no-peer"],
)
def test_nobody_else_does(make_client, peer, base_url):
    with make_client(peer=peer, base_url=base_url) as client:
        assert client.get(PATH).status_code == 401


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"],
)
def test_what_was_passed_on_does_not_get_in(make_client, name):
    with make_client(**LOCAL) as client:
        assert client.get(PATH, headers={name: "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "headers", "said"),
    [
        ({"base_url": "http://shop.example"}, {}, "Expected the header Host to be localhost"),
        ({}, {"X-Forwarded-For": "127.0.0.1"}, "Expected a request that nobody passed on"),
        ({"peer": "192.168.1.5"}, {}, "Expected a valid API key"),
        ({"base_url": "http://shop.example"}, {"X-Api-Key": "ebb_x"}, "Expected a valid API key"),
        ({"base_url": "http://shop.example", "host": "0.0.0.0"}, {}, "Expected a valid API key"),
    ],
    ids=["host", "forwarded", "lan", "with-a-key", "open-to-others"],
)
def test_who_is_not_answered_is_told_what_to_do_about_it(make_client, changes, headers, said):
    with make_client(**LOCAL | changes) as client:
        detail = client.get(PATH, headers=headers).json()["detail"]
    assert said in detail
    assert "`ebbtide keys create`" in detail
    assert "shop.example" not in detail


def test_once_there_is_a_key_nobody_is_told_of_demo_mode(make_client, make_key):
    make_key()
    with make_client(**LOCAL | {"base_url": "http://shop.example"}) as client:
        assert "demo mode" not in client.get(PATH).json()["detail"]


def test_a_service_that_listens_to_others_answers_nobody(make_client):
    for host in ("0.0.0.0", "::", "192.168.1.2", "shop.example"):
        with make_client(host=host, **LOCAL) as client:
            assert client.get(PATH).status_code == 401


def test_a_wrong_key_does_not_get_in_where_none_would(make_client):
    with make_client(**LOCAL) as client:
        assert client.get(PATH, headers={"X-Api-Key": "ebb_wrong"}).status_code == 401


def test_the_first_key_ends_it_at_once(make_client, make_key):
    with make_client(**LOCAL, key_cache_seconds=60.0) as client:
        assert client.get(PATH).status_code == 200
        key = make_key()
        assert client.get(PATH).status_code == 401
        assert client.get(PATH, headers={"X-Api-Key": key.text}).status_code == 200


def test_revoking_the_last_key_does_not_bring_it_back(make_client, make_key, revoke):
    revoke(make_key())
    with make_client(**LOCAL) as client:
        assert client.get(PATH).status_code == 401
        assert client.get("/readyz").json()["access"] == "keys"


def test_log_and_readiness_say_so(make_client):
    with capture_logs() as logs, make_client() as client:
        assert client.get("/readyz").json()["access"] == "demo mode"
    assert [line["event"] for line in logs].count("demo mode") == 1


def test_a_closed_service_says_what_to_do(make_client):
    with capture_logs() as logs, make_client(host="0.0.0.0") as client:
        ready = client.get("/readyz").json()
    (line,) = (line for line in logs if line["event"] == "closed")
    assert "ebbtide keys create" in line["detail"]
    assert (ready["state"], ready["access"]) == ("degraded", "closed")
    assert any("ebbtide keys create" in reason for reason in ready["reasons"])
