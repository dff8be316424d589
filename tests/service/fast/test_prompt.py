"""A row that is begun without a task gets the bytes that it gets with one."""

from __future__ import annotations

import asyncio
import re

import pytest
from rows_as_sent import UNUSUAL, USUAL
from uvicorn.config import Config
from uvicorn.server import ServerState

from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from scripted_connection import Transport
from service.access.key_verbs import create_key
from service.connection import Room, connection_class
from service.fast.groups import Groups
from small_model import NOW

_ID = re.compile(rb'(?<="prediction_id":")[^"]*')


@pytest.fixture(scope="module")
def known(make_both):
    """A service and a key that it knows."""
    app = make_both(key_cache_seconds=60.0).fast.app
    key = create_key(
        app.state.desk.store.database,
        name="crm",
        scopes=("score",),
        rate_limit="100000/second",
        days=30,
        at=NOW,
        actor="test",
    )
    return app, key.text.encode()


@pytest.fixture
def say(known):
    """Send a row to the service over a connection; return what was written, and the tasks."""
    app, key = known

    def say(body, *, headers=b"", is_prompt=True, key=key):
        protocol = connection_class(
            room=Room(max_connections=2),
            head_deadline_seconds=10.0,
            answer_deadline_seconds=20.0,
            prompt=app.state.edge if is_prompt else None,
        )
        config = Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
        app.state.desk.gate.mode()  # as at the start: the keys are read, if it is time to
        sent = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sent += b"Authorization: Bearer %b\r\n" % key
        sent += b"Content-Length: %d\r\n%b\r\n%b" % (len(body), headers, body)

        async def exchange():
            connection = protocol(config, ServerState(), {}, asyncio.get_running_loop())
            connection.connection_made(Transport())
            connection.data_received(sent)
            tasks = len(connection.tasks)
            async with asyncio.timeout(10):
                while not connection.cycle.response_complete:
                    await asyncio.sleep(0.001)
            connection.connection_lost(None)
            return _ID.sub(b"", connection.transport.written), tasks

        return asyncio.run(exchange())

    return say


@pytest.mark.parametrize("body", [*USUAL.values(), *UNUSUAL.values()], ids=[*USUAL, *UNUSUAL])
def test_the_bytes_are_the_same(say, body):
    sent = body if isinstance(body, bytes) else body.encode()
    assert say(sent)[0] == say(sent, is_prompt=False)[0]


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_row_needs_no_task(say, name):
    written, tasks = say(USUAL[name].encode())
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert tasks == 0


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
def test_what_the_log_refuses_is_asked_of_it_once(say, both, monkeypatch, error):
    asked = []

    def failing(self, row, **_):
        asked.append(row)
        future = self.loop.create_future()
        future.set_exception(error)
        return future

    monkeypatch.setattr(Groups, "ask", failing)
    written, _ = say(USUAL["plain"].encode())
    assert written.startswith(b"HTTP/1.1 503 ")
    assert len(asked) == 1
