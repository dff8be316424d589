"""Who asks is told on the fast way as on the ordinary one, and counted once."""

from __future__ import annotations

import json

import pytest

from service.access.key_verbs import create_key
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

        def ask(method, path, body=None, change=lambda key: key):
            answers = []
            for client, key in keys.items():
                headers = {**JSON, "Authorization": f"Bearer {change(key)}"}
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
