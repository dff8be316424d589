"""Raw bytes into the socket of a real process: answered or ended in time, never a fault."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from durable_service import project_in
from durable_service import served as serving
from fuzz.sockets import CASES, HONEST, MOST_SECONDS, SETTINGS, Case, heard, storm, wrong_of
from small_model import FEATURES


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    project = project_in(tmp_path_factory.mktemp("raw"), **SETTINGS)
    with serving(project) as project:
        host, port = project.address.removeprefix("http://").split(":")
        yield host, int(port)
        assert project.process.poll() is None


@pytest.mark.e2e
def test_each_malformed_request_is_refused_or_ended(address):
    async def all_of_them():
        return await asyncio.gather(*(heard(address, case) for case in CASES.values()))

    found = asyncio.run(all_of_them())
    told = [
        wrong_of(name, case, *what) for (name, case), what in zip(CASES.items(), found, strict=True)
    ]
    assert [each for each in told if each] == []
    honest = Case(pieces=(HONEST,), statuses=frozenset({200}))
    assert wrong_of("honest", honest, *asyncio.run(heard(address, honest))) is None


_SCORE = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_UPGRADE = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
)
_ROW = json.dumps({"customer_id": "c-1", "features": FEATURES}).encode()
_WITHIN = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
_GOOD = _SCORE + b"Content-Length: %d\r\n\r\n" % len(_ROW) + _ROW
_GARBAGE = b"GARBAGE\r\n\r\n"


async def said(address, *pieces, each=0.0):
    """Send pieces with a pause after each; return all that is said until the service ends it."""
    reader, writer = await asyncio.open_connection(*address)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(each)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.transport.abort()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("body", "status"), [(_ROW, 200), (_WITHIN, 400)], ids=["a-row", "a-request"]
)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("size", [1, 30, 1_000], ids=["byte-by-byte", "in-pieces", "apart"])
def test_the_body_of_a_request_for_another_protocol_is_never_a_request(
    address, body, status, is_chunked, size
):
    framing = b"Content-Length: %d\r\n\r\n" % len(body)
    if is_chunked:
        framing = b"Transfer-Encoding: chunked\r\n\r\n"
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    parts[-1] += _WITHIN

    pause_seconds = 0.001 if size == 1 else 0.05
    answers = asyncio.run(said(address, _SCORE + _UPGRADE + framing, *parts, each=pause_seconds))
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.e2e
@pytest.mark.parametrize(
    "pieces",
    [(_GOOD + _GARBAGE,), (_GOOD, _GARBAGE), (_GOOD * 3 + _GARBAGE,)],
    ids=["in-one-packet", "in-two", "three-before-it"],
)
def test_garbage_takes_no_answer_from_the_requests_before_it(address, pieces):
    good = b"".join(pieces).count(_GOOD)
    for _ in range(5):
        answers = asyncio.run(said(address, *pieces))
        assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200 ") == good
        assert answers.count(b"connection: close") == 1


@pytest.mark.e2e
def test_a_storm_of_spoiled_requests_harms_nobody(address):
    tally = asyncio.run(storm(address, seconds=5, seed=7))
    assert tally.wrong == []
    assert tally.sent > 100
    assert {0, 200, 400} <= tally.answers.keys()  # some are ended, some good, some refused


@pytest.mark.parametrize(
    ("statuses", "seconds", "told"),
    [
        ([500], 0.1, "500 instead of"),
        ([200, 500], 0.1, "500"),
        ([200, 404], 0.1, "2 answers"),
        ([], MOST_SECONDS + 1, "neither answered nor ended"),
    ],
    ids=["a-fault", "a-fault-later", "a-request-within", "a-hang"],
)
def test_what_is_wrong_would_be_seen(statuses, seconds, told):
    case = Case(pieces=(), statuses=frozenset({200, None}), answers=1)
    if statuses == [200, 500]:
        case = Case(pieces=(), statuses=frozenset({200, None}))
    assert told in wrong_of("it", case, statuses, seconds)
