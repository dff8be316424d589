"""Whose connection is cut, and whose is not: answers untaken, no room, the end of the service."""

from __future__ import annotations

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from scripted_connection import Loop, Transport
from service.connection import LINGER_SECONDS, Room, connection_class

KEEP_ALIVE_SECONDS = 5
WHOLE = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n"
PROBE = b"GET /livez?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Server:
    """Opens connections of one class, on one loop."""

    def __init__(self, max_connections=2, reserve=2):
        self.loop, self.state, self.refused = Loop(), ServerState(), 0
        self.room = Room(
            max_connections=max_connections, reserve=reserve, on_refused=self.count_refused
        )
        self.protocol = connection_class(
            room=self.room, head_deadline_seconds=10.0, answer_deadline_seconds=20.0
        )
        self.protocol.max_unread_bytes = 1_000_000

    def count_refused(self):
        self.refused += 1

    def connect(self):
        config = Config(
            app, log_config=None, lifespan="off", ws="none", timeout_keep_alive=KEEP_ALIVE_SECONDS
        )
        made = self.protocol(config, self.state, {}, self.loop)
        made.connection_made(Transport())
        return made

    def answer(self):
        with pytest.raises(StopIteration):
            self.loop.tasks.pop(0).coroutine.send(None)


@pytest.fixture
def server():
    made = Server()
    yield made
    for task in made.loop.tasks:
        task.coroutine.close()


def answered(server, *, untaken=0):
    connection = server.connect()
    connection.data_received(WHOLE)
    connection.transport.waiting_bytes = untaken
    server.answer()
    return connection


def test_an_answer_that_is_not_taken_is_cut_at_the_deadline(server):
    connection = answered(server, untaken=30_000)
    server.loop.let_pass(19.9)
    assert not connection.transport.is_aborted
    server.loop.let_pass(0.2)
    assert connection.transport.is_aborted
    assert dict(server.protocol.unread) == {}


def test_an_answer_under_way_is_cut_when_its_buffer_stays_full(server):
    connection = server.connect()
    connection.data_received(WHOLE)
    connection.transport.waiting_bytes = 70_000
    connection.pause_writing()
    server.loop.let_pass(20.1)
    assert connection.transport.is_aborted


@pytest.mark.parametrize(("bytes_a_second", "is_cut"), [(1000, True), (1100, False)])
def test_an_answer_that_is_taken_slowly_is_cut_below_a_rate(server, bytes_a_second, is_cut):
    connection = answered(server, untaken=500_000)
    for _ in range(3):
        connection.transport.waiting_bytes -= 20 * bytes_a_second
        server.loop.let_pass(20)
    assert connection.transport.is_aborted is is_cut


def test_an_answer_that_was_taken_is_watched_no_more(server):
    connection = answered(server, untaken=30_000)
    connection.transport.waiting_bytes = 0
    server.loop.let_pass(20.1)
    assert not connection.transport.is_aborted
    assert dict(server.protocol.unread) == {}


def test_the_rest_of_an_answer_is_watched_when_writing_goes_on(server):
    connection = answered(server, untaken=70_000)
    connection.pause_writing()
    connection.transport.waiting_bytes = 9_000
    connection.resume_writing()
    server.loop.let_pass(20.1)
    assert connection.transport.is_aborted


def test_a_client_that_asks_on_is_trusted_until_its_buffer_is_full(server):
    connection = answered(server, untaken=9_000)
    connection.data_received(WHOLE)
    server.loop.let_pass(20.1)
    assert not connection.transport.is_aborted
    connection.pause_writing()
    connection.data_received(WHOLE[:10])
    server.loop.let_pass(20.1)
    assert connection.transport.is_aborted


def test_a_client_that_does_not_take_an_answer_gets_no_further_one(server):
    connection = answered(server, untaken=70_000)
    connection.pause_writing()
    connection.data_received(WHOLE)
    assert server.loop.tasks == []
    connection.transport.waiting_bytes = 0
    connection.resume_writing()
    server.answer()
    assert connection.transport.written.count(b"HTTP/1.1 204 ") == 2


def test_who_has_waited_longest_is_cut_when_all_together_hold_too_much():
    server = Server(max_connections=9)
    first, second = (answered(server, untaken=400_000) for _ in range(2))
    assert not first.transport.is_aborted
    third = answered(server, untaken=400_000)
    assert [each.transport.is_aborted for each in (first, second, third)] == [True, False, False]
    for lost in (second, third):
        lost.connection_lost(None)
    assert dict(server.protocol.unread) == {}


def test_who_waits_longest_for_its_head_makes_room(server):
    first, second = server.connect(), server.connect()
    second.data_received(WHOLE[:5])
    third = server.connect()
    assert [each.transport.is_closed for each in (first, second, third)] == [True, False, False]
    server.connect()
    assert second.transport.written.startswith(b"HTTP/1.1 408 ")
    assert server.refused == 0


def test_who_is_answered_makes_no_room_and_others_are_told_to_wait(server):
    for _ in range(2):
        server.connect().data_received(WHOLE)
    extra = server.connect()
    extra.data_received(WHOLE)
    with pytest.raises(StopIteration):
        server.loop.tasks.pop().coroutine.send(None)
    assert extra.transport.written.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 2\r\n" in extra.transport.written
    assert b"urn:ebbtide:problem:busy" in extra.transport.written
    assert (extra.transport.is_closed, server.refused) == (True, 1)


def test_probes_are_answered_in_the_reserve_and_what_is_beyond_is_closed(server):
    for _ in range(2):
        server.connect().data_received(WHOLE)
    extra = server.connect()
    extra.data_received(PROBE)
    with pytest.raises(StopIteration):
        server.loop.tasks.pop().coroutine.send(None)
    assert extra.transport.written.startswith(b"HTTP/1.1 204 ")
    server.connect().data_received(PROBE)
    beyond = server.connect()
    assert (beyond.transport.is_closed, beyond.transport.written) == (True, b"")
    assert server.refused == 1


def test_room_that_was_given_back_is_there(server):
    lost = server.connect()
    lost.data_received(WHOLE)
    server.connect().data_received(WHOLE)
    lost.connection_lost(None)
    extra = server.connect()
    extra.data_received(WHOLE)
    with pytest.raises(StopIteration):
        server.loop.tasks.pop().coroutine.send(None)
    assert extra.transport.written.startswith(b"HTTP/1.1 204 ")


def test_at_the_end_a_request_on_its_way_is_answered_and_is_the_last(server):
    connection = answered(server)
    connection.shutdown()
    server.loop.let_pass(LINGER_SECONDS / 2)
    assert not connection.transport.is_closed
    connection.data_received(WHOLE)
    server.loop.let_pass(LINGER_SECONDS)
    assert not connection.transport.is_closed
    server.answer()
    assert connection.transport.written.count(b"HTTP/1.1 204 ") == 2
    assert connection.transport.written.count(b"connection: close") == 1
    assert connection.transport.is_closed


def test_at_the_end_a_connection_that_says_nothing_is_closed(server):
    kept, begun = answered(server), server.connect()
    begun.data_received(WHOLE[:5])
    for each in (kept, begun):
        each.shutdown()
    server.loop.let_pass(LINGER_SECONDS + 0.1)
    assert (kept.transport.is_closed, begun.transport.is_closed) == (True, True)
    assert begun.transport.written.startswith(b"HTTP/1.1 408 ")


def test_at_the_end_a_request_under_way_is_answered(server):
    connection = server.connect()
    connection.data_received(WHOLE)
    connection.shutdown()
    server.loop.let_pass(LINGER_SECONDS + 0.1)
    assert not connection.transport.is_closed
    server.answer()
    assert b"connection: close" in connection.transport.written
