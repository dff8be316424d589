"""Requests that are begun without a task are answered in their turn, and begun once."""

from __future__ import annotations

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from scripted_connection import Loop, Transport
from service.connection import Room, connection_class
from service.fast.head import LINES
from service.fast.way import Begun
from service.refusal import Refusal

HEAD = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
USUAL = HEAD + b"\r\n{}"
CONTENT = b'{"p_churn":0.5}'


class Answer:
    """What will be an answer; the test says when and which."""

    def __init__(self):
        self.calls, self.error, self.content = [], None, None

    def add_done_callback(self, call):
        self.calls.append(call)

    def end(self, content=None, *, error=None):
        self.content, self.error = content, error
        for call in self.calls:
            call(self)

    def cancelled(self):
        return False

    def exception(self):
        return self.error

    def result(self):
        return self.content


class Prompt:
    """Begins with every request, or with none, and notes what it was asked."""

    def __init__(self, *, begins=True):
        self.begins, self.bodies, self.begun, self.answered_count = begins, [], [], 0

    def may_begin(self, scope):
        return scope["path"] == "/v1/score"

    def begin(self, _scope, body, *, loop):
        self.bodies.append(body)
        if not self.begins:
            return None
        self.begun.append(Answer())
        return Begun(self.begun[-1], LINES["en"])

    def answered(self, _scope):
        self.answered_count += 1


async def app(_scope, _receive, _send):
    raise AssertionError("the test looks at tasks only")


def connect(prompt, **given):
    protocol = connection_class(
        **given,
        room=Room(max_connections=2),
        head_deadline_seconds=10.0,
        answer_deadline_seconds=20.0,
        prompt=prompt,
    )
    config = Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
    state = ServerState()
    state.default_headers = [(b"date", b"Sun, 01 Mar 2026 09:00:00 GMT")]
    made = protocol(config, state, {}, Loop())
    made.connection_made(Transport())
    return made


@pytest.fixture
def tasks_closed():
    """Close the coroutines that no test runs."""
    connections = []
    yield connections.append
    for connection in connections:
        for task in connection.loop.tasks:
            task.coroutine.close()


def test_a_body_that_came_with_its_head_needs_no_task():
    prompt = Prompt()
    connection = connect(prompt)
    connection.data_received(USUAL)
    assert (prompt.bodies, connection.loop.tasks) == ([b"{}"], [])
    assert connection.transport.written == b""
    prompt.begun[0].end(CONTENT)
    head, _, body = connection.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert (body, prompt.answered_count) == (CONTENT, 1)
    assert connection.cycle.on_response != connection.on_response_complete
    connection.data_received(USUAL)
    assert len(prompt.begun) == 2


@pytest.mark.parametrize("ends", range(1, len(USUAL)))
def test_wherever_a_request_is_parted_it_is_begun_once(ends, tasks_closed):
    prompt = Prompt()
    connection = connect(prompt)
    tasks_closed(connection)
    connection.data_received(USUAL[:ends])
    connection.data_received(USUAL[ends:])
    came_with_its_head = ends < USUAL.index(b"\r\n\r\n") + 4
    assert len(prompt.begun) == came_with_its_head
    assert len(connection.loop.tasks) == (not came_with_its_head)
    assert b"{}" in [*prompt.bodies, bytes(connection.cycle.body)]


def test_who_waits_for_leave_to_send_the_body_gets_a_task(tasks_closed):
    connection = connect(Prompt())
    tasks_closed(connection)
    connection.data_received(HEAD + b"Expect: 100-continue\r\n\r\n")
    assert len(connection.loop.tasks) == 1


@pytest.mark.parametrize(
    "request_", [USUAL.replace(b"/v1/score", b"/v1/scores"), USUAL.replace(b"/score", b"/model")]
)
def test_other_addresses_get_a_task(request_, tasks_closed):
    prompt = Prompt()
    connection = connect(prompt)
    tasks_closed(connection)
    connection.data_received(request_)
    assert (prompt.bodies, len(connection.loop.tasks)) == ([], 1)


def test_what_is_not_begun_gets_a_task(tasks_closed):
    connection = connect(Prompt(begins=False))
    tasks_closed(connection)
    connection.data_received(USUAL)
    assert len(connection.loop.tasks) == 1


@pytest.mark.parametrize(
    "ended", [{"content": None}, {"error": ValueError("c-1")}], ids=["left", "failed"]
)
def test_what_became_no_answer_the_application_goes_on_with(ended, tasks_closed):
    prompt = Prompt()
    connection = connect(prompt)
    tasks_closed(connection)
    connection.data_received(USUAL)
    prompt.begun[0].end(**ended)
    assert connection.transport.written == b""
    assert (len(connection.loop.tasks), prompt.answered_count) == (1, 0)


@pytest.mark.parametrize("happens", ["pause_writing", "shutdown"])
def test_a_full_buffer_and_the_end_are_left_to_the_application(happens, tasks_closed):
    prompt = Prompt()
    connection = connect(prompt)
    tasks_closed(connection)
    connection.data_received(USUAL)
    getattr(connection, happens)()
    prompt.begun[0].end(CONTENT)
    assert connection.transport.written == b""
    if happens == "pause_writing":  # it begins when the buffer is taken
        connection.resume_writing()
    assert (len(connection.loop.tasks), len(prompt.begun)) == (1, 1)
    assert bytes(connection.cycle.body) == b"{}"  # it may be read once more


def test_the_answer_of_a_client_that_has_left_is_noted_and_written_nowhere():
    prompt = Prompt()
    connection = connect(prompt)
    connection.data_received(USUAL)
    connection.connection_lost(None)
    prompt.begun[0].end(CONTENT)
    assert (connection.transport.written, connection.loop.tasks) == (b"", [])
    assert prompt.answered_count == 1


def test_an_open_connection_keeps_nothing_of_the_body_that_was_answered():
    prompt = Prompt()
    connection = connect(prompt)
    connection.data_received(USUAL)
    assert connection.cycle.body == b""


def test_what_was_begun_is_not_refused_afterwards(tasks_closed):
    prompt, busy = Prompt(), []
    refusal = Refusal(status=503, head=b"", content=b"busy")
    connection = connect(prompt, refusal=lambda _scope: refusal if busy else None)
    tasks_closed(connection)
    connection.data_received(USUAL)
    busy.append(True)
    connection.pause_writing()
    prompt.begun[0].end(CONTENT)
    connection.resume_writing()
    assert (connection.transport.written, len(connection.loop.tasks)) == (b"", 1)


def test_requests_sent_in_advance_are_answered_in_turn():
    prompt = Prompt()
    connection = connect(prompt)
    connection.data_received(USUAL + USUAL)
    assert len(prompt.begun) == 1
    prompt.begun[0].end(b"first")
    assert len(prompt.begun) == 2
    prompt.begun[1].end(b"second")
    assert connection.transport.written.index(b"first") < connection.transport.written.index(
        b"second"
    )
    assert connection.loop.tasks == []


def test_without_one_that_begins_every_request_gets_a_task(tasks_closed):
    connection = connect(None)
    tasks_closed(connection)
    connection.data_received(USUAL)
    assert len(connection.loop.tasks) == 1
