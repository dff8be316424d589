"""What finds no turn is refused while its head is read, as it would be later, and counted alike."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from scripted_connection import Loop, Transport
from service.app import create_app
from service.bounded_head import MAX_WAITING
from service.connection import Room, connection_class
from service.problems import MEDIA_TYPE
from service.refusal import Refusals, _read_before
from service.under_way import BUSY

HEAD = b"POST /v1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
WHOLE = HEAD + b"\r\n0123456789"


@pytest.fixture
def full(settings, bundle, store):
    """Make a service with one request under way, which is all that it takes."""
    lines = []
    app = create_app(
        settings.model_copy(update={"max_requests": 1}),
        model=bundle,
        store=store,
        log=lambda *line: lines.append(line[:3]),
    )
    app.state.edge._under_way.count = 1
    app.lines = lines
    return app


def connect(app, refusal=None):
    protocol = connection_class(
        room=Room(max_connections=2),
        head_deadline_seconds=10.0,
        answer_deadline_seconds=20.0,
        refusal=refusal or app.state.edge.refusal,
    )
    config = Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False)
    made = protocol(config, ServerState(), {}, Loop())
    made.connection_made(Transport())
    return made


def read(written):
    head, _, content = written.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    return int(line.split()[1]), dict(each.split(": ") for each in headers), content


def later(app, path, accept):
    """Ask past the server, which leaves it to the application."""

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.headers.pop("accept")
            return await client.post(path, content=b"0123456789", headers=accept)

    answer = asyncio.run(ask())
    return answer.status_code, dict(answer.headers), answer.content


@pytest.mark.parametrize("path", ["/v1/scores", "/v1/outcomes"])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [({}, MEDIA_TYPE), ({"Accept": "application/json"}, "application/json")],
    ids=["whatever", "plain JSON"],
)
def test_it_is_answered_at_once_what_it_would_be_answered_later(full, path, accept, media_type):
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in accept.items())
    connection = connect(full)
    head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n" % path.encode()
    connection.data_received(head + lines + b"\r\n")
    assert connection.loop.tasks == []
    at_once = read(connection.transport.written)
    assert at_once == later(full, path, accept)
    assert (at_once[0], at_once[1]["retry-after"]) == (503, "2")
    assert at_once[1]["content-type"] == media_type


def test_it_is_counted_and_logged_as_it_would_be_later(full):
    registry = full.state.desk.metrics.registry
    of_busy = {
        "ebbtide_rejected_requests_total": {"reason": "busy"},
        "ebbtide_problems_total": {"kind": "busy"},
        "ebbtide_http_requests_total": {"method": "POST", "route": "unmatched", "status": "503"},
    }
    connect(full).data_received(WHOLE)
    at_once = [registry.get_sample_value(*sample) for sample in of_busy.items()]
    later(full, "/v1/scores", {})
    twice = [registry.get_sample_value(*sample) for sample in of_busy.items()]
    assert (at_once, twice) == ([1.0] * 3, [2.0] * 3)
    assert full.lines == [("POST", "unmatched", 503)] * 2


def test_the_connection_is_kept_for_the_next_request_and_holds_none_up(full):
    connection = connect(full)
    connection.data_received(WHOLE + WHOLE)
    connection.data_received(WHOLE)
    assert connection.transport.written.count(b"HTTP/1.1 503 ") == 3
    assert not connection.transport.is_closed
    assert connection not in connection.room.waiting  # it is idle, and not slow to ask
    full.state.edge._under_way.count = 0
    connection.data_received(WHOLE)
    assert len(connection.loop.tasks) == 1
    connection.loop.tasks.pop().coroutine.close()


def test_who_goes_on_with_a_body_that_was_refused_has_as_long_as_a_head_has(full):
    connection = connect(full)
    connection.data_received(HEAD + b"\r\n01")
    connection.data_received(b"23")
    assert connection in connection.room.waiting
    connection.loop.let_pass(10.1)
    assert connection.transport.is_closed


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"HEAD /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/model HTTP/1.0\r\n\r\n",
    ],
    ids=["a probe", "no body wanted", "asked to close", "of the old version"],
)
def test_probes_and_what_is_out_of_the_ordinary_are_left_to_the_application(full, asked):
    connection = connect(full)
    connection.data_received(asked)
    assert connection.transport.written == b""
    (task,) = connection.loop.tasks
    task.coroutine.close()


def test_requests_that_waited_for_one_under_way_are_refused_in_turn_after_it(full):
    under_way = full.state.edge._under_way
    connection = connect(full)
    under_way.count = 0
    connection.data_received(WHOLE)
    connection.data_received(WHOLE * MAX_WAITING)
    assert connection.transport.written == b""
    under_way.count = 1
    connection.on_response_complete()
    assert connection.transport.written.count(b"HTTP/1.1 503 ") == MAX_WAITING
    assert (len(connection.pipeline), len(connection.loop.tasks)) == (0, 1)
    connection.loop.tasks[0].coroutine.close()


@pytest.mark.parametrize(("media_type", "is_plain"), [("application/json", True), ("*/*", False)])
def test_long_lists_of_media_types_are_read_and_not_kept(media_type, is_plain):
    refusals = Refusals(BUSY)
    _read_before.cache_clear()
    for number in range(3):
        accept = f"{media_type}, text/{'x' * 300}{number}".encode()
        found = refusals.of({"headers": [(b"accept", accept)]})
        assert (b"application/json" in found.head) is is_plain
    assert _read_before.cache_info().currsize == 0
    refusals.of({"headers": [(b"accept", media_type.encode())]})
    assert _read_before.cache_info().currsize == 1
