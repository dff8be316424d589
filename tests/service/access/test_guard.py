"""Who gets in, before anything of the request is read, and how the others are refused."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from ebbtide.store.audit import newest_deeds, verify
from ebbtide.store.store import StoreUnavailable

OPEN_TO_ALL_KEYS = "/v1/actions"


def bearer(key):
    return {"Authorization": f"Bearer {key.text}"}


def test_a_key_gets_in_by_either_header_or_both(client, make_key):
    key = make_key()
    both = {**bearer(key), "X-Api-Key": key.text}
    for headers in (bearer(key), {"X-Api-Key": key.text}, both):
        assert client.get(OPEN_TO_ALL_KEYS, headers=headers).status_code == 200


def test_two_keys_at_once_get_nobody_in(client, make_key):
    first, second = make_key(), make_key()
    headers = {**bearer(first), "X-Api-Key": second.text}
    assert client.get(OPEN_TO_ALL_KEYS, headers=headers).status_code == 401
    twice = [("Authorization", f"Bearer {each.text}") for each in (first, second)]
    assert client.get(OPEN_TO_ALL_KEYS, headers=twice).status_code == 401


def wrong_headers(make_key, revoke):
    good, revoked, expired = make_key(), make_key(name="gone"), make_key(name="old", days=-1)
    revoke(revoked)
    other_secret = good.__class__(key_id=good.key_id, secret=revoked.secret)
    other_id = good.__class__(key_id="0" * 12, secret=good.secret)
    return [
        {},
        bearer(revoked),
        bearer(expired),
        bearer(other_secret),
        bearer(other_id),
        {"Authorization": f"Bearer {good.text[:-1]}"},
        {"Authorization": f"Basic {good.text}"},
        {"Authorization": "Bearer"},
        {"Authorization": good.text},
        {"Authorization": f"Bearer {good.text} {good.text}"},
        {"Authorization": "Bearer " + "a" * 9_000},
        {"X-Api-Key": ""},
        {"X-Api-Key": good.secret_hash},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
        {"Authorization": b"Bearer \xff\xfe"},
    ]


def test_whatever_is_wrong_the_answer_is_the_same(client, make_key, revoke):
    answers = [
        client.get(OPEN_TO_ALL_KEYS, headers=headers) for headers in wrong_headers(make_key, revoke)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="ebbtide"'}


def test_no_answer_and_no_log_repeats_a_key(client, make_key, revoke):
    with capture_logs() as logs:
        key = make_key("score")
        revoked = make_key()
        revoke(revoked)
        bodies = [
            client.get("/metrics", headers=bearer(each)).text + str(logs) for each in (key, revoked)
        ]
    for body in bodies:
        assert key.secret not in body
        assert revoked.secret not in body


def test_expiry_is_by_the_service_s_clock(make_key, make_client):
    key = make_key(days=30)
    with make_client(later=timedelta(days=30, seconds=-1)) as client:
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 200
    # the first client closed the store's connections; they open again by themselves
    with make_client(later=timedelta(days=30)) as client:
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 401


def test_a_revoked_key_holds_no_longer_than_the_cache(make_key, revoke, make_client, monkeypatch):
    key = make_key()
    client = make_client(key_cache_seconds=2.0)
    keyring = client.app.state.desk.gate._keyring
    clock = [0.0]
    monkeypatch.setattr(keyring, "_monotonic", lambda: clock[0])
    with client:
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 200
        revoke(key)
        clock[0] = 1.9
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 200
        clock[0] = 2.0
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 401


def test_a_new_key_need_not_wait_for_the_cache(make_key, make_client, monkeypatch):
    key = make_key()
    client = make_client(key_cache_seconds=60.0)
    keyring = client.app.state.desk.gate._keyring
    clock = [0.0]
    monkeypatch.setattr(keyring, "_monotonic", lambda: clock[0])
    with client:
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 200
        new = make_key(name="another")
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(new)).status_code == 401
        clock[0] = 0.25  # read anew for a key that is not known, no more than four times a second
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(new)).status_code == 200


def test_wrong_keys_cost_no_look_up_in_the_store(make_key, make_client, monkeypatch):
    make_key()
    client = make_client(key_cache_seconds=60.0)
    with client:
        assert client.get(OPEN_TO_ALL_KEYS).status_code == 401
        database = client.app.state.desk.store.database

        def never(_deed):
            raise AssertionError

        monkeypatch.setattr(database, "read", never)
        for headers in ({}, {"X-Api-Key": "ebb_nonsense"}):
            assert client.get(OPEN_TO_ALL_KEYS, headers=headers).status_code == 401


def test_nobody_gets_in_while_the_keys_cannot_be_read(make_key, client, monkeypatch):
    key = make_key()

    def failing(deed):
        raise StoreUnavailable(deed)

    monkeypatch.setattr(client.app.state.desk.store.database, "read", failing)
    answer = client.get(OPEN_TO_ALL_KEYS, headers=bearer(key))
    assert (answer.status_code, answer.json()["retry_after_seconds"]) == (503, 2)


def test_the_use_of_a_key_is_noted_exact_to_the_hour(make_key, client, store, frozen_now):
    key = make_key()

    def last_used():
        with store.database.read() as connection:
            from ebbtide.store.keys import all_keys

            return all_keys(connection)[0].last_used_at

    for _ in range(3):
        client.get(OPEN_TO_ALL_KEYS, headers=bearer(key))
    assert last_used() is None  # nobody who asks waits for it
    client.app.state.desk.gate.note_uses()
    assert last_used() == frozen_now


def asked(app, headers, receive):
    """Send one request to an app, below any client; return status and headers of the answer."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/scores",
        "raw_path": b"/v1/scores",
        "query_string": b"",
        "headers": headers,
        "client": ("203.0.113.9", 1),
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize(
    "header", [(b"content-length", b"50000000"), (b"transfer-encoding", b"chunked")]
)
def test_a_huge_body_without_a_key_is_never_read(app, make_key, header):
    make_key()

    async def never():
        raise AssertionError

    head = [(b"host", b"testserver"), (b"content-type", b"application/json"), header]
    status, headers = asked(app, head, never)
    assert status == 401
    assert headers[b"connection"] == b"close"


def test_the_key_is_asked_for_before_the_body_is_judged(client, make_key):
    make_key()
    for body in ("{", "NaN", json.dumps({"customer_id": 7})):
        assert client.post("/v1/score", content=body).status_code == 401


def test_403_names_the_scope_in_words_and_after_rfc_6750(client, make_key):
    answer = client.get("/metrics", headers=bearer(make_key("score")))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:ebbtide:problem:not-allowed")
    assert "'watch'" in answer.json()["detail"]
    assert 'scope="ebbtide:watch"' in answer.headers["www-authenticate"]


def test_who_lacks_a_right_of_administrators_is_recorded(client, make_key, store):
    key = make_key("score")
    answer = client.post("/v1/admin/model/reload", headers=bearer(key))
    assert answer.status_code == 403
    with store.database.read() as connection:
        newest = newest_deeds(connection, most=1)[0]
        assert verify(connection).broken_at is None
    assert (newest.actor, newest.deed) == ("crm", "access.refused")
    assert json.loads(newest.details) == {
        "key_id": key.key_id,
        "method": "POST",
        "route": "/v1/admin/model/reload",
        "scope": "admin",
    }


def test_who_lacks_another_right_is_not(client, make_key, store):
    client.get("/metrics", headers=bearer(make_key("score")))
    with store.database.read() as connection:
        assert newest_deeds(connection, most=1)[0].deed == "key.created"


def test_a_third_request_beyond_a_key_s_own_limit_waits(client, make_key):
    limited, other = make_key(rate_limit="2/hour"), make_key(name="other")
    ask = partial(client.get, OPEN_TO_ALL_KEYS)
    assert [ask(headers=bearer(limited)).status_code for _ in range(2)] == [200, 200]
    answer = ask(headers=bearer(limited))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
        429,
        "too-many-requests",
    )
    assert 1790 <= answer.json()["retry_after_seconds"] <= 1800
    assert answer.headers["retry-after"] == str(answer.json()["retry_after_seconds"])
    assert ask(headers=bearer(other)).status_code == 200


def test_the_service_s_limit_holds_for_keys_without_one(make_key, make_client):
    key = make_key()
    with make_client(rate_limit="1/day") as client:
        codes = [client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code for _ in range(2)]
    assert codes == [200, 429]


def test_guessing_is_slowed_down_but_shuts_no_good_key_out(make_key, make_client):
    key = make_key()
    with make_client(failed_access_limit="3/hour") as client:
        codes = [
            client.get(OPEN_TO_ALL_KEYS, headers={"X-Api-Key": f"ebb_{n}"}).status_code
            for n in range(5)
        ]
        assert codes == [401, 401, 401, 429, 429]
        assert client.get(OPEN_TO_ALL_KEYS, headers=bearer(key)).status_code == 200


def test_open_addresses_need_no_key(client, make_key):
    make_key()
    for path in ("/livez", "/readyz", "/openapi.json", "/openapi-3.0.json"):
        assert client.get(path).status_code == 200, path


def test_a_key_of_a_request_is_its_caller_s_own(client, make_key):
    """Who guesses another's Idempotency-Key gets nothing of the answer: here, a secret."""
    mine, theirs = make_key("webhooks"), make_key("webhooks", name="other")
    hook = {"url": "https://crm.example/hook", "kinds": ["alarm.raised"]}
    first, second = (
        client.post("/v1/webhooks", json=hook, headers={**bearer(key), "Idempotency-Key": "1"})
        for key in (mine, theirs)
    )
    assert second.status_code == 201
    assert second.json()["secret"] != first.json()["secret"]
    assert "idempotency-replayed" not in second.headers


def test_addresses_of_one_ipv6_network_are_one_peer(make_client, make_key):
    make_key()
    app = make_client(host="::", failed_access_limit="1/hour").app
    peers = ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1")
    clients = [TestClient(app, client=(peer, 50_000)) for peer in peers]
    assert [each.get(OPEN_TO_ALL_KEYS).status_code for each in clients] == [401, 429, 401]
