"""What is written at once is what the server would write; where it would say more, it writes."""

from __future__ import annotations

import gc
from weakref import ref

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from scripted_connection import Loop, Transport
from service.connection import Room, connection_class
from service.fast.head import LINES, head_of_answer
from service.whole_answer import written_whole

CONTENT = b'{"p_churn":0.5}'
USUAL = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n"


class App:
    """Answers in either way, and notes what was written at once."""

    def __init__(self, *, at_once):
        self.at_once, self.wrote = at_once, []

    async def __call__(self, scope, _receive, send):
        if self.at_once:
            self.wrote.append(written_whole(scope, LINES["zh"], CONTENT))
            if self.wrote[-1]:
                return
        headers = head_of_answer(CONTENT, "zh")
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": CONTENT})


def connect(app):
    protocol = connection_class(
        room=Room(max_connections=2), head_deadline_seconds=10.0, answer_deadline_seconds=20.0
    )
    config = Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
    state = ServerState()
    state.default_headers = [(b"date", b"Sun, 01 Mar 2026 09:00:00 GMT")]
    made = protocol(config, state, {}, Loop())
    made.connection_made(Transport())
    return made


def answer(connection):
    with pytest.raises(StopIteration):
        connection.loop.tasks.pop(0).coroutine.send(None)


def written(app, *requests):
    connection = connect(app)
    for request in requests:
        connection.data_received(request)
        answer(connection)
    return connection.transport.written, connection.transport.is_closed


def test_it_is_what_the_server_writes_also_for_the_next_request():
    app = App(at_once=True)
    assert written(app, USUAL, USUAL) == written(App(at_once=False), USUAL, USUAL)
    assert app.wrote == [True, True]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/model HTTP/1.0\r\nHost: localhost\r\n\r\n",
        b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
    ids=["of the old version", "asked to close"],
)
def test_a_connection_that_ends_is_left_to_the_server(request_):
    app = App(at_once=True)
    assert written(app, request_) == written(App(at_once=False), request_)
    assert app.wrote == [False]


@pytest.mark.parametrize("happens", ["pause_writing", "shutdown", "connection_lost"])
def test_a_full_buffer_the_end_and_a_client_that_has_left_are_left_to_the_server(happens):
    connection = connect(App(at_once=True))
    connection.data_received(USUAL)
    getattr(connection, happens)(*([None] if happens == "connection_lost" else []))
    assert not written_whole(connection.scope, LINES["en"], CONTENT)
    assert connection.transport.written == b""
    connection.loop.tasks.pop(0).coroutine.close()


def test_requests_sent_in_advance_are_answered_in_turn():
    connection = connect(App(at_once=True))
    connection.data_received(USUAL + USUAL)
    answer(connection)
    assert connection.transport.written.count(CONTENT) == 1
    answer(connection)
    assert connection.transport.written.count(CONTENT) == 2


def test_an_answer_that_is_written_in_the_same_round_is_not_watched():
    connection = connect(App(at_once=True))
    later = []
    connection.loop.call_soon = later.append
    connection.transport.waiting_bytes = 100
    connection.data_received(USUAL)
    answer(connection)
    assert len(later) == 1
    connection.transport.waiting_bytes = 0
    later.pop()()
    assert not connection.unread


def test_an_answer_that_is_left_after_the_round_is_watched():
    connection = connect(App(at_once=True))
    connection.transport.waiting_bytes = 100
    connection.data_received(USUAL)
    answer(connection)
    assert list(connection.unread) == [connection]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_connection_that_has_ended_goes_without_a_search_for_garbage(at_once):
    connection = connect(App(at_once=at_once))
    connection.data_received(USUAL)
    answer(connection)
    ended = ref(connection)
    gc.disable()
    try:
        connection.connection_lost(None)
        assert not connection.loop.waiting
        connection.loop.timers.clear()  # as a loop forgets timers that were cancelled
        del connection
        assert ended() is None
    finally:
        gc.enable()
