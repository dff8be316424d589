"""A row that is begun without a task gets the bytes that it gets with one."""

from __future__ import annotations

import asyncio
import gc
import re
from typing import NamedTuple

import pytest
from rows_as_sent import UNUSUAL, USUAL
from structlog.testing import capture_logs
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from scripted_connection import Transport
from service.access.key_verbs import create_key
from service.connection import Room, connection_class
from service.fast import way
from service.fast.groups import Groups
from service.fast.way import BEGUN
from small_model import NOW, ROW

PLAIN = USUAL["plain"].encode()
POST = b"POST /v1/score HTTP/1.1"
_ID = re.compile(rb'(?<="prediction_id":")[^"]*')


class Said(NamedTuple):
    """What was written, how many tasks there were, and what stays in memory.

    That is how many requests, and of the last one bytes of its body and whether what was begun.
    """

    written: bytes
    tasks: int
    kept: int
    body_bytes: int
    keeps_begun: bool


KEYS = {
    "crm": ("score", "100000/second"),
    "reader": ("read", None),
    "seldom": ("score", "2/hour"),
    "seldom-wrong": ("score", "2/hour"),
}


@pytest.fixture(scope="module")
def known(make_both):
    """A service and the keys that it knows."""
    app = make_both(key_cache_seconds=60.0).fast.app
    database = app.state.desk.store.database
    keys = {
        name: create_key(
            database,
            name=name,
            scopes=(scope,),
            rate_limit=rate_limit,
            days=30,
            at=NOW,
            actor="test",
        ).text.encode()
        for name, (scope, rate_limit) in KEYS.items()
    }
    return app, keys


def _count_of_requests():
    # By type alone: to ask a weak reference to what is gone for its class is an error.
    return sum(type(each) is RequestResponseCycle for each in gc.get_objects())


@pytest.fixture
def say(known):
    """Send a row to the service over a connection, and return what came of it."""
    app, keys = known

    def say(
        body, *, headers=b"", is_prompt=True, key=keys["crm"], times=1, leaves=False, line=POST
    ):
        protocol = connection_class(
            room=Room(max_connections=2),
            head_deadline_seconds=10.0,
            answer_deadline_seconds=20.0,
            prompt=app.state.edge if is_prompt else None,
        )
        config = Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
        app.state.desk.gate.mode()  # as at the start: the keys are read, if it is time to
        sent = line + b"\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sent += b"Authorization: Bearer %b\r\n" % key
        sent += b"Content-Length: %d\r\n%b\r\n%b" % (len(body), headers, body)

        async def exchange():
            connection = protocol(config, ServerState(), {}, asyncio.get_running_loop())
            connection.connection_made(Transport())
            before = _count_of_requests() if times > 1 else 0
            for _ in range(times):
                connection.data_received(sent)
                tasks = len(connection.tasks)
                if leaves:
                    connection.connection_lost(None)
                async with asyncio.timeout(10):
                    while app.state.fast.under_way.count or not (
                        leaves or connection.cycle.response_complete
                    ):
                        await asyncio.sleep(0.001)
            kept = _count_of_requests() - before if times > 1 else 0
            cycle = connection.cycle
            left = () if cycle is None else (len(cycle.body), BEGUN in cycle.scope)
            connection.connection_lost(None)
            return Said(
                _ID.sub(b"", connection.transport.written), tasks, kept, *(left or (0, False))
            )

        return asyncio.run(exchange())

    return say


@pytest.mark.parametrize("body", [*USUAL.values(), *UNUSUAL.values()], ids=[*USUAL, *UNUSUAL])
def test_the_bytes_are_the_same(say, body):
    sent = body if isinstance(body, bytes) else body.encode()
    assert say(sent)[0] == say(sent, is_prompt=False)[0]


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_row_needs_no_task(say, name):
    said = say(USUAL[name].encode())
    assert said.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.tasks == 0


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Encoding: gzip\r\n",
        b"Accept-Language: zh\r\n",
        b"X-Api-Key: wrong\r\n",
        b"Connection: close\r\n",
        b"Content-Type: text/plain\r\n",
    ],
    ids=lambda line: line.split(b":")[0].decode(),
)
def test_headers_mean_the_same(say, headers):
    body = USUAL["plain"].encode()
    assert say(body, headers=headers)[0] == say(body, headers=headers, is_prompt=False)[0]


def test_a_wrong_key_means_the_same(say):
    body = USUAL["plain"].encode()
    written = say(body, key=b"ebb_wrong")[0]
    assert written.startswith(b"HTTP/1.1 401 ")
    assert written == say(body, key=b"ebb_wrong", is_prompt=False)[0]


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("record"), StoreBusy("record", waited_seconds=1), StoreOutcomeUnknown("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_log_refuses_is_asked_of_it_once(known, say, monkeypatch, error):
    asked = []

    def failing(self, row, **_):
        asked.append(row)
        future = self.loop.create_future()
        future.set_exception(error)
        return future

    monkeypatch.setattr(Groups, "ask", failing)
    written = say(USUAL["plain"].encode()).written
    assert written.startswith(b"HTTP/1.1 503 ")
    assert len(asked) == 1
    assert known[0].state.fast.under_way.count == 0


@pytest.mark.parametrize("is_prompt", [True, False])
def test_a_key_without_the_scope_gets_no_score(known, say, is_prompt):
    written = say(PLAIN, key=known[1]["reader"], is_prompt=is_prompt).written
    assert written.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        ("seldom", USUAL["plain"], 200),
        ("seldom-wrong", UNUSUAL["a name twice"], 400),
    ],
    ids=["begun", "left to the ordinary way"],
)
def test_a_request_is_counted_once_against_the_limit_of_its_key(known, say, key, body, status):
    said = [say(body.encode(), key=known[1][key]).written for _ in range(4)]
    assert [int(each[9:12]) for each in said] == [status, status, 429, 429]


@pytest.mark.parametrize(
    ("customer", "headers", "key", "begins"),
    [
        ("c-1", b"", "reader", True),
        ("c-1", b"Accept-Language: zh\r\n", "reader", True),
        ("c%2D1", b"", "reader", None),
        ("nobody", b"", "reader", False),
        ("caf%E9", b"", "reader", False),
        ("c-1", b"", "crm", False),
        ("c-1", b"Connection: close\r\n", "reader", False),
    ],
)
def test_a_look_up_gets_the_bytes_that_it_gets_with_a_task(
    known, say, customer, headers, key, begins
):
    say(PLAIN.replace(ROW["customer_id"].encode(), b"c-1"))
    asked = {
        "line": f"GET /v1/customers/{customer}/score HTTP/1.1".encode(),
        "headers": headers,
        "key": known[1][key],
    }
    said = say(b"", **asked)
    assert said.written == say(b"", is_prompt=False, **asked).written
    assert said.written[9:12] in (b"200", b"403", b"404", b"422")
    if begins is not None:
        assert said.tasks == (not begins)


def test_who_was_not_found_is_not_looked_for_again_on_the_loop(known, say, monkeypatch):
    asked, real = [], way.looked_up
    monkeypatch.setattr(
        way, "looked_up", lambda who, **given: asked.append(who) or real(who, **given)
    )
    line = b"GET /v1/customers/nobody/score HTTP/1.1"
    assert say(b"", line=line, key=known[1]["reader"]).written.startswith(b"HTTP/1.1 404 ")
    assert asked == ["nobody"]


def test_an_open_connection_keeps_neither_body_nor_answer(say):
    said = say(PLAIN)
    assert said.written.startswith(b"HTTP/1.1 200 ")
    assert (said.body_bytes, said.keeps_begun) == (0, False)


def test_what_is_under_way_is_counted_until_it_is_answered(known, say, monkeypatch):
    under_way, seen = known[0].state.fast.under_way, []
    ask = Groups.ask

    def asking(self, row, **given):
        future = ask(self, row, **given)
        self.loop.call_soon(lambda: seen.append(under_way.count))
        return future

    monkeypatch.setattr(Groups, "ask", asking)
    say(PLAIN)
    assert (seen, under_way.count) == ([1], 0)


def test_where_too_many_are_under_way_nothing_is_begun(known, say, monkeypatch):
    monkeypatch.setattr(known[0].state.fast.under_way, "max_requests", 0)
    assert say(PLAIN).written.startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("leaves", [False, True])
def test_an_answer_is_counted_and_logged_once(known, say, leaves):
    value = known[0].state.desk.metrics.registry.get_sample_value
    route = {"route": "/v1/score"}
    counted = {"method": "POST", "status": "200", **route}

    def state():
        return [
            value("ebbtide_http_requests_total", counted) or 0,
            value("ebbtide_http_request_duration_seconds_count", route) or 0,
            value("ebbtide_rows_total", {"status": "scored"}) or 0,
            value("ebbtide_log_group_predictions_count") or 0,
            value("ebbtide_problems_total", {"kind": "malformed-json"}) or 0,
        ]

    before = state()
    with capture_logs() as logs:
        say(PLAIN, leaves=leaves)
    assert [b - a for a, b in zip(before, state(), strict=True)] == [1, 1, 1, 1, 0]
    assert [(each["event"], each.get("status")) for each in logs] == [("request", 200)]


@pytest.mark.parametrize("is_prompt", [True, False])
def test_an_open_connection_keeps_its_last_request_and_none_before(say, is_prompt):
    gc.collect()
    gc.disable()
    try:
        assert say(PLAIN, is_prompt=is_prompt, times=20).kept <= 1
    finally:
        gc.enable()
