"""How long a connection may take to send the head of a request, by a clock that the test moves."""

from __future__ import annotations

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from scripted_connection import Loop, Transport
from service.bounded_head import MAX_HEAD_BYTES, MAX_WAITING, BoundedHead

KEEP_ALIVE_SECONDS = 5
WHOLE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
WITH_BODY = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"


async def app(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Connection:
    def __init__(self):
        config = Config(
            app, log_config=None, lifespan="off", ws="none", timeout_keep_alive=KEEP_ALIVE_SECONDS
        )
        self.loop, self.transport = Loop(), Transport()
        self.protocol = BoundedHead(config, ServerState(), {}, self.loop)
        self.protocol.connection_made(self.transport)

    def send(self, data, *, then_seconds=0.0):
        self.protocol.data_received(data)
        self.loop.let_pass(then_seconds)

    def answer(self):
        with pytest.raises(StopIteration):
            self.loop.tasks.pop(0).coroutine.send(None)


@pytest.fixture
def connection():
    made = Connection()
    yield made
    for task in made.loop.tasks:
        task.coroutine.close()


def test_a_silent_connection_is_closed_at_the_deadline_without_a_word(connection):
    connection.loop.let_pass(9.9)
    assert not connection.transport.is_closed
    connection.loop.let_pass(0.2)
    assert connection.transport.is_closed
    assert connection.transport.written == b""


def test_a_head_that_trickles_is_cut_with_408_however_steadily_it_comes(connection):
    for byte in WHOLE[:9]:
        connection.send(bytes([byte]), then_seconds=1)
    assert not connection.transport.is_closed
    connection.loop.let_pass(1)
    assert connection.transport.is_closed
    assert connection.transport.written.startswith(b"HTTP/1.1 408 ")


def test_a_head_of_empty_lines_is_cut(connection):
    for _ in range(10):
        connection.send(b"\r\n", then_seconds=1)
    assert connection.transport.is_closed


def test_a_head_that_comes_in_pieces_before_the_deadline_is_answered(connection):
    connection.send(WHOLE[:20], then_seconds=9)
    connection.send(WHOLE[20:])
    connection.answer()
    assert connection.transport.written.startswith(b"HTTP/1.1 204 ")
    assert not connection.transport.is_closed


def test_a_kept_connection_may_pause_and_has_the_whole_time_for_each_head(connection):
    for _ in range(5):
        connection.send(WHOLE[:20], then_seconds=7)
        connection.send(WHOLE[20:])
        connection.answer()
        connection.loop.let_pass(KEEP_ALIVE_SECONDS - 0.5)
        assert not connection.transport.is_closed
    assert connection.transport.written.count(b"HTTP/1.1 204 ") == 5


def test_an_idle_kept_connection_is_closed_by_the_timeout_of_uvicorn(connection):
    connection.send(WHOLE)
    connection.answer()
    connection.loop.let_pass(KEEP_ALIVE_SECONDS + 0.1)
    assert connection.transport.is_closed
    assert b" 408 " not in connection.transport.written


@pytest.mark.parametrize("begun", [WHOLE[:1], WHOLE[:20], b"\r\n"])
def test_a_further_head_that_is_never_whole_is_cut(connection, begun):
    connection.send(WHOLE)
    connection.answer()
    connection.loop.let_pass(4)
    connection.send(begun, then_seconds=9.9)
    assert not connection.transport.is_closed
    connection.loop.let_pass(0.2)
    assert connection.transport.is_closed


def test_a_body_has_no_deadline_here_while_its_request_is_unanswered(connection):
    connection.send(WITH_BODY, then_seconds=300)
    for _ in range(50):
        connection.send(b" ", then_seconds=300)
    assert not connection.transport.is_closed
    assert connection.loop.waiting == []


def test_a_body_that_trickles_on_after_the_answer_does_not_hold_the_connection(connection):
    connection.send(WITH_BODY)
    connection.answer()
    for _ in range(11):
        connection.send(b" ", then_seconds=1)
    assert connection.transport.is_closed
    assert b" 408 " not in connection.transport.written


def test_an_answer_under_way_is_not_lost_to_a_further_head_that_is_slow(connection):
    connection.send(WHOLE + WHOLE[:10], then_seconds=60)
    connection.send(WHOLE[10:12], then_seconds=60)
    assert not connection.transport.is_closed
    connection.answer()
    connection.send(WHOLE[12:15], then_seconds=10.1)
    assert connection.transport.is_closed
    assert connection.transport.written.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("data", [b"", WHOLE[:20]])
def test_nothing_waits_for_a_connection_that_is_lost(connection, data):
    connection.send(data)
    connection.protocol.connection_lost(ConnectionResetError())
    assert connection.loop.waiting == []


def test_too_large_a_head_is_refused_once(connection):
    connection.send(b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * MAX_HEAD_BYTES, then_seconds=20)
    assert connection.transport.is_closed
    assert connection.transport.written.count(b"HTTP/1.1 ") == 1
    assert connection.transport.written.startswith(b"HTTP/1.1 400 ")


def test_as_many_requests_may_be_sent_ahead_as_may_wait(connection):
    connection.send(WHOLE * (1 + MAX_WAITING))
    for _ in range(1 + MAX_WAITING):
        connection.answer()
    assert connection.transport.written.count(b"HTTP/1.1 204 ") == 1 + MAX_WAITING
    assert b"connection: close" not in connection.transport.written
    assert not connection.transport.is_closed


def test_who_sends_more_ahead_gets_the_answers_that_wait_and_is_told_that_there_are_no_more(
    connection,
):
    connection.send(WHOLE * 10_000)
    connection.send(WHOLE)
    assert len(connection.protocol.pipeline) == MAX_WAITING
    for _ in range(1 + MAX_WAITING):
        assert not connection.transport.is_closed
        connection.answer()
    *answers, last = connection.transport.written.split(b"HTTP/1.1 204 ")[1:]
    assert len(answers) == MAX_WAITING
    assert b"connection: close" in last
    assert not any(b"connection: close" in each for each in answers)
    assert (connection.transport.is_closed, connection.loop.tasks) == (True, [])


UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


@pytest.mark.parametrize("follows", [WHOLE, b"\0garbage", WHOLE[:9]])
@pytest.mark.parametrize("is_apart", [True, False])
def test_a_request_for_another_protocol_is_answered_and_is_the_last(connection, follows, is_apart):
    data = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + b"\r\n"
    for piece in [data, follows] if is_apart else [data + follows]:
        connection.send(piece)
    connection.answer()
    assert connection.transport.written.count(b"HTTP/1.1 ") == 1
    assert connection.transport.written.startswith(b"HTTP/1.1 204 ")
    assert b"connection: close" in connection.transport.written
    assert (connection.transport.is_closed, connection.loop.tasks) == (True, [])


def test_the_body_of_a_request_for_another_protocol_is_not_run(connection):
    head = b"POST /livez HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE
    connection.send(head + b"Content-Length: %d\r\n\r\n" % len(WHOLE))
    assert connection.protocol.cycle.more_body
    connection.send(WHOLE[:10])
    connection.send(WHOLE[10:])
    cycle = connection.protocol.cycle
    assert (bytes(cycle.body), cycle.more_body) == (WHOLE, False)
    assert len(connection.loop.tasks) == 1


MALFORMED = {
    "garbage": b"GARBAGE\r\n\r\n",
    "a bad length": b"POST /livez HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    "a head that is too large": b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * MAX_HEAD_BYTES,
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("is_apart", [True, False])
@pytest.mark.parametrize("good", [1, 3])
def test_what_is_malformed_does_not_take_the_answers_of_those_before_it(
    connection, malformed, is_apart, good
):
    for piece in [WHOLE * good, malformed] if is_apart else [WHOLE * good + malformed]:
        connection.send(piece)
    connection.send(WHOLE)
    for _ in range(good):
        assert not connection.transport.is_closed
        connection.answer()
    *answers, last = connection.transport.written.split(b"HTTP/1.1 204 ")[1:]
    assert len(answers) == good - 1
    assert not any(b"connection: close" in each for each in answers)
    assert b"connection: close" in last
    assert b"HTTP/1.1 " not in last
    assert (connection.transport.is_closed, connection.loop.tasks) == (True, [])


def test_what_is_malformed_after_an_answer_is_refused_at_once(connection):
    connection.send(WHOLE)
    connection.answer()
    connection.send(MALFORMED["garbage"])
    assert connection.transport.written.count(b"HTTP/1.1 400 ") == 1
    assert connection.transport.is_closed


BAD_CHUNK = b"POST /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n"


def test_a_malformed_body_is_refused_at_once_and_its_request_writes_nothing_more(connection):
    connection.send(BAD_CHUNK)
    assert connection.transport.written.startswith(b"HTTP/1.1 400 ")
    assert connection.transport.is_closed
    refused = connection.transport.written
    connection.answer()
    assert connection.transport.written == refused


def test_a_malformed_body_is_refused_after_the_answers_before_it(connection):
    connection.send(WHOLE * 2 + BAD_CHUNK + WHOLE)
    for _ in range(3):
        assert not connection.transport.is_closed
        connection.answer()
    statuses = [each[:3] for each in connection.transport.written.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"204", b"204", b"400"]
    assert connection.transport.written.count(b"connection: close") == 1
    assert (connection.transport.is_closed, connection.loop.tasks) == (True, [])


def test_nothing_is_written_into_a_connection_that_is_closing(connection):
    connection.transport.close()
    connection.send(MALFORMED["garbage"])
    assert connection.transport.written == b""
