"""Who asks is told on the fast way as on the ordinary one, and counted once."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from ebbtide.store.keys import revoke_key
from service.access.gate import Gate
from service.access.key_verbs import create_key
from service.access.keyring import Keyring
from service.access.rates import Buckets, Rate
from small_model import NOW, ROW

JSON = {"Content-Type": "application/json"}
USUAL, UNUSUAL = ROW, {"customer_id": "nobody"}


@pytest.fixture
def guarded(make_both):
    """Make both services with a key each, and a way to ask them with it."""

    def make(*scopes, rate="60/minute"):
        services = make_both(key_cache_seconds=60.0)
        keys = {
            client: create_key(
                client.app.state.desk.store.database,
                name="crm",
                scopes=scopes,
                rate_limit=rate,
                days=30,
                at=NOW,
                actor="test",
            ).text
            for client in (services.fast, services.ordinary)
        }

        def ask(method, path, body=None, change=lambda key: key, also=lambda _key: []):
            answers = []
            for client, key in keys.items():
                given = {**JSON, "Authorization": f"Bearer {change(key)}"}
                headers = [*given.items(), *also(key)]
                content = None if body is None else json.dumps(body).encode()
                answers.append(client.request(method, path, content=content, headers=headers))
            statuses = [answer.status_code for answer in answers]
            assert statuses[0] == statuses[1]
            return statuses[0]

        return ask

    return make


def test_a_request_is_counted_once_whichever_way_it_goes(guarded):
    ask = guarded("score", "read", rate="6/minute")
    bodies = (USUAL, UNUSUAL, USUAL, UNUSUAL, {"customer_id": 1})
    statuses = [ask("POST", "/v1/score", body) for body in bodies]
    statuses.append(ask("GET", "/v1/customers/nobody/score"))
    assert statuses == [200, 404, 200, 404, 422, 404]
    assert ask("POST", "/v1/score", USUAL) == 429
    assert ask("GET", "/v1/customers/c-1/score") == 429


@pytest.mark.parametrize(
    ("scope", "may_score", "may_read"), [("score", 200, 403), ("read", 403, 200)]
)
def test_a_key_opens_what_its_scopes_say(guarded, scope, may_score, may_read):
    ask = guarded(scope)
    assert ask("POST", "/v1/score", USUAL) == may_score
    assert ask("POST", "/v1/scores", {"rows": [USUAL]}) == may_score
    known = {200: 404}.get(may_read, may_read)  # whom nobody scored
    assert ask("GET", "/v1/customers/nobody/score") == known


def test_a_key_that_was_used_opens_nothing_to_one_like_it(guarded):
    ask = guarded("score")
    assert ask("POST", "/v1/score", USUAL) == 200
    for change in (
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key[:20] + ("a" if key[20] != "a" else "b") + key[21:],
        lambda key: key[:16],
        lambda key: key + "a",
        lambda key: key.upper(),
    ):
        assert ask("POST", "/v1/score", USUAL, change) == 401


@pytest.mark.parametrize(
    ("also", "status"),
    [
        (lambda key: [("Authorization", f"Bearer {key}")], 200),
        (lambda key: [("X-Api-Key", key)], 200),
        (lambda _key: [("Authorization", "Bearer ebb_nonsense")], 401),
        (lambda _key: [("X-Api-Key", "ebb_nonsense")], 401),
    ],
    ids=["the same twice", "the same by itself", "another one", "another one by itself"],
)
def test_who_shows_two_keys_is_told_as_ever(guarded, also, status):
    ask = guarded("score", "read")
    assert ask("POST", "/v1/score", USUAL) == 200
    assert ask("POST", "/v1/score", USUAL, also=also) == status
    assert ask("GET", "/v1/customers/c-1/score", also=also) == status


class Clocks:
    """The present, which does not pass by itself."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 0.0


@pytest.fixture
def door(store):
    """A gate with one key that it has read and told before, and the clocks of both."""
    clocks = Clocks()
    key = create_key(
        store.database,
        name="crm",
        scopes=["score"],
        rate_limit=None,
        days=30,
        at=NOW,
        actor="test",
    )
    keyring = Keyring(
        store.database,
        now=lambda: clocks.now,
        cache_seconds=60.0,
        monotonic=lambda: clocks.seconds,
    )
    rate = Rate.of("1000/second")
    gate = Gate(
        keyring=keyring,
        tokens=None,
        host="0.0.0.0",
        rate=rate,
        failures_rate=rate,
        buckets=Buckets(),
    )
    keyring.refresh()
    headers = {b"authorization": f"Bearer {key.text}".encode()}
    assert gate.recognised(headers).key_id == key.key_id
    return SimpleNamespace(
        clocks=clocks,
        keyring=keyring,
        is_open=lambda: gate.recognised(headers) is not None,
        revoke=lambda: store.database.write(
            lambda connection: revoke_key(connection, key.key_id, at=NOW, actor="test")
        ),
    )


def test_a_revoked_key_that_was_told_before_holds_until_the_keys_are_read_again(door):
    door.revoke()
    door.clocks.seconds = 59.9
    assert door.is_open()
    door.clocks.seconds = 60.0
    assert not door.is_open()  # what was read is relied on no more: ``admit`` reads anew
    door.keyring.refresh()
    assert not door.is_open()


def test_a_key_that_was_told_before_ends_at_its_instant(door):
    door.clocks.now = NOW + timedelta(days=30, microseconds=-1)
    assert door.is_open()
    door.clocks.now = NOW + timedelta(days=30)
    assert not door.is_open()


def test_what_was_read_is_relied_on_for_as_long_as_is_set(door):
    door.clocks.seconds = 60.0
    assert not door.is_open()
    door.keyring.refresh()
    assert door.is_open()
