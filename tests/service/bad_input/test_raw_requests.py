"""What no client library sends, into a socket of a real process; its log shows none of it."""

from __future__ import annotations

import json
import signal
import socket
import time

import httpx
import pytest

from durable_service import project_in
from durable_service import served as serving

CANARY = "C4N4RY7f3a"
SETTINGS = {
    "HEAD_DEADLINE_SECONDS": "1",
    "MAX_CONNECTIONS": "20",
    "BODY_DEADLINE_SECONDS": "0.5",
    "UPLOAD_IDLE_SECONDS": "0.5",
    "MAX_BODY_BYTES": "200000",
    "MAX_JOB_BYTES": "300000",
    "FAILED_ACCESS_LIMIT": "100000/second",
}
HEAD = (
    f"POST /v1/score?{CANARY}=1 HTTP/1.1\r\nHost: localhost\r\nX-{CANARY}: {CANARY}\r\n"
    "Content-Type: application/json\r\n"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(project_in(tmp_path_factory.mktemp("raw"), **SETTINGS)) as project:
        yield project


def said(served, *pieces, pause_seconds=0.0, wait_seconds=8.0):
    """Write pieces into a connection; return all that is said until it ends or pauses."""
    host, port = served.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait_seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece if isinstance(piece, bytes) else piece.encode())
                time.sleep(pause_seconds)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before it was all sent
        heard = b""
        try:
            while part := connection.recv(65_536):
                heard += part
                head, _, body = heard.partition(b"\r\n\r\n")
                if b"content-length:" in head.lower() and _is_whole(head, body):
                    break
        except (TimeoutError, ConnectionResetError):
            pass
    return heard


def _is_whole(head, body):
    (length,) = (
        int(line.split(b":")[1])
        for line in head.lower().splitlines()
        if line.startswith(b"content-length:")
    )
    return len(body) >= length


def chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


# name: pieces, pause between them in seconds, status, kind; no kind where the server itself refuses
RAW = {
    "nothing": ((), 0.0, None, None),
    "a head that never ends": ((HEAD,), 0.0, 408, None),
    "a head byte by byte": (tuple(HEAD[:40]), 0.06, 408, None),
    "a body of 50 MB is declared": (
        (f"{HEAD}Content-Length: 50000000\r\n\r\n", b" " * 50_000),
        0.0,
        413,
        "body-too-large",
    ),
    "a body of 50 MB comes in chunks": (
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", *[chunk(b" " * 500_000)] * 100),
        0.0,
        413,
        "body-too-large",
    ),
    "a body that never ends": (
        (f"{HEAD}Content-Length: 100\r\n\r\n", f'{{"{CANARY}"'),
        0.1,
        408,
        "body-too-slow",
    ),
    "a body byte by byte": (
        (f"{HEAD}Content-Length: 100\r\n\r\n", *"{".ljust(12)),
        0.06,
        408,
        "body-too-slow",
    ),
    "a chunk that never comes": (
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", "5\r\n{"),
        0.1,
        408,
        "body-too-slow",
    ),
    "a file that stops": (
        (
            f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
            f"Content-Length: 1000\r\n\r\ncustomer_id,{CANARY}\n",
        ),
        0.1,
        408,
        "body-too-slow",
    ),
    "a length of 30 digits": ((f"{HEAD}Content-Length: {'9' * 30}\r\n\r\n",), 0.0, None, None),
    "a negative length": ((f"{HEAD}Content-Length: -1\r\n\r\n",), 0.0, 400, None),
    "two lengths": ((f"{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",), 0.0, 400, None),
    "a chunk of no size": (
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{CANARY}",),
        0.0,
        400,
        None,
    ),
    "a header without colon": ((f"GET /livez HTTP/1.1\r\n{CANARY}\r\n\r\n",), 0.0, 400, None),
    "a line break in a header": (
        (f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n {CANARY}\x00\r\n\r\n",),
        0.0,
        400,
        None,
    ),
    "a path with a blank": (
        (f"GET /v1/{CANARY} {CANARY} HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        0.0,
        400,
        None,
    ),
    "a header of 400 kB": (
        (f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: {CANARY * 40_000}\r\n\r\n",),
        0.0,
        400,
        None,
    ),
    "another version": ((f"GET /{CANARY} HTTP/7.5\r\nHost: localhost\r\n\r\n",), 0.0, None, None),
    "no HTTP at all": ((b"\x16\x03\x01\x02\x00" + CANARY.encode() + b"\r\n\r\n",), 0.0, 400, None),
    "a socket of the web": (
        (
            f"GET /v1/customers/{CANARY}/score?x={CANARY} HTTP/1.1\r\nHost: localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ),
        0.0,
        404,
        "unknown-customer",
    ),
    "an id in Latin-1": (
        (f"DELETE /v1/customers/{CANARY}%E9 HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        0.0,
        422,
        "invalid-request",
    ),
    "an id in Latin-1 that is not escaped": (
        (b"DELETE /v1/customers/caf\xe9 HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        0.0,
        400,
        None,
    ),
    "an absolute address": (
        (f"GET http://{CANARY}.example/v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",),
        0.0,
        404,
        "not-found",
    ),
}


@pytest.mark.e2e
@pytest.mark.parametrize("name", RAW)
def test_a_raw_request_is_refused_in_time_and_shown_nowhere(served, name):
    pieces, pause_seconds, status, kind = RAW[name]
    began = time.monotonic()
    heard = said(served, *pieces, pause_seconds=pause_seconds)
    assert time.monotonic() - began < 7
    head, _, body = heard.partition(b"\r\n\r\n")
    if status is not None:
        assert head.split()[1:2] == [str(status).encode()], heard
    if kind is not None:
        assert json.loads(body)["type"] == f"urn:ebbtide:problem:{kind}"
    assert not head.startswith(b"HTTP/1.1 5")
    assert CANARY.encode() not in heard
    assert said(served, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )


@pytest.mark.e2e
def test_silent_connections_shut_nobody_out(served):
    host, port = served.address.removeprefix("http://").split(":")
    asked = "GET /v1/schema HTTP/1.1\r\nHost: localhost\r\n\r\n"
    silent = [socket.create_connection((host, int(port)), timeout=5) for _ in range(24)]
    try:
        assert said(served, asked).startswith(b"HTTP/1.1 200")
        assert [connection.recv(1) for connection in silent] == [b""] * 24
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.e2e
def test_a_client_may_pause_between_requests_for_longer_than_a_head_may_take(served):
    with httpx.Client(base_url=served.address) as client:
        assert client.get("/livez").status_code == 200
        (kept,) = client._transport._pool.connections
        time.sleep(1.5)
        assert client.get("/livez").status_code == 200
        assert client._transport._pool.connections == [kept]


@pytest.mark.e2e
def test_the_log_of_the_process_shows_none_of_it(served):
    said(served, *RAW["a socket of the web"][0])
    served.end(signal.SIGTERM)
    assert any("/livez" in line or "request" in line for line in served.log)
    assert [line for line in served.log if CANARY in line] == []
