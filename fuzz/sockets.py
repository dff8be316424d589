"""Raw bytes into the socket of a running service: ``python -m fuzz.sockets --seconds 60``.

What no client library sends: malformed heads, requests within requests, and thousands of valid
requests spoiled at random. Each connection must be answered or ended in time, no answer may be a
fault of ours, and honest requests are answered all along.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import socket
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SECONDS = 8.0
"""Until a connection is answered or ended; the service is told shorter deadlines below."""

SETTINGS = {
    "HEAD_DEADLINE_SECONDS": "1",
    "BODY_DEADLINE_SECONDS": "1",
    "UPLOAD_IDLE_SECONDS": "1",
    "MAX_BODY_BYTES": "200000",
    "MAX_JOB_BYTES": "300000",
    "FAILED_ACCESS_LIMIT": "1000000/second",
    "LOG_LEVEL": "CRITICAL",
}
AT_ONCE = 24
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_ANSWERED = re.compile(rb"\AHTTP/1\.[01] (?!100)\d{3}")
_RESET = struct.pack("ii", 1, 0)

_FEATURES = {"recency_days": 143, "spend_365d": 840.5, "complaints_90d": 2}
_ROW = json.dumps({"customer_id": "c-1", "features": _FEATURES}).encode()
_HOST = b"Host: localhost\r\n"
_POST = b"POST /v1/score HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_HIDDEN = b"GET /v1/hidden HTTP/1.1\r\n" + _HOST + b"\r\n"
HONEST = b"GET /livez HTTP/1.1\r\n" + _HOST + b"Connection: close\r\n\r\n"


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def _sized(body: bytes, head: bytes = _POST) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


VALID: tuple[bytes, ...] = (
    _sized(_ROW),
    _POST + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(_ROW),
    b"GET /v1/customers/c-1/score HTTP/1.1\r\n" + _HOST + b"Accept-Language: zh\r\n\r\n",
    b"GET /v1/scores?band=high&limit=5 HTTP/1.1\r\n" + _HOST + b"\r\n",
    _sized(
        b"customer_id\nc-1\n",
        b"POST /v1/jobs HTTP/1.1\r\n" + _HOST + b"Content-Type: text/csv\r\n",
    ),
    _sized(b'{"outcomes": []}', _POST.replace(b"/score", b"/outcomes")),
    b"OPTIONS /v1/score HTTP/1.1\r\n" + _HOST + b"\r\n",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is sent on one connection.

    Parameters
    ----------
    pieces : sent one after the other.
    statuses : what the first answer may be; None where the connection may also just be ended.
    answers : most answers; more than one for what should be one request is a request within it.
    how : what is done after sending: wait, close the sending half, or reset the connection.
    """

    pieces: tuple[bytes, ...]
    statuses: frozenset[int | None]
    answers: int | None = None
    how: str = "wait"


def _case(*pieces: bytes, ends: Sequence[int | None] = (400,), **more: object) -> Case:
    return Case(pieces=pieces, statuses=frozenset(ends), **more)  # type: ignore[arg-type]


_TE = b"Transfer-Encoding: chunked\r\n"
_UP = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
_NEVER = (400, None)
CASES: dict[str, Case] = {
    "a length and chunks": _case(
        _POST + b"Content-Length: 4\r\n" + _TE + b"\r\n" + _chunked(_ROW) + _HIDDEN, answers=1
    ),
    "chunks and a length": _case(
        _POST + _TE + b"Content-Length: 4\r\n\r\n" + _chunked(_ROW) + _HIDDEN, answers=1
    ),
    "two lengths": _case(
        _POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(_HIDDEN) + _HIDDEN,
        answers=1,
    ),
    "two equal lengths": _case(_sized(_ROW, _POST + b"Content-Length: %d\r\n" % len(_ROW))),
    "a list of lengths": _case(_POST + b"Content-Length: 5, 5\r\n\r\n12345"),
    "a length with a sign": _case(_POST + b"Content-Length: +5\r\n\r\n12345"),
    "a length in hexadecimals": _case(_POST + b"Content-Length: 0x5\r\n\r\n12345"),
    "a length beyond numbers": _case(_POST + b"Content-Length: 99999999999999999999\r\n\r\n1"),
    "chunks of another kind": _case(
        _POST + b"Transfer-Encoding: xchunked\r\n\r\n" + _chunked(_ROW), ends=(400, 408, None),
        answers=1,
    ),
    "chunks, then not": _case(
        _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + _chunked(_ROW),
        ends=(400, 408, None), answers=1,
    ),
    "a blank before the colon": _case(
        _POST + b"Transfer-Encoding : chunked\r\n\r\n" + _chunked(_ROW)
    ),
    "a folded header": _case(_POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "a chunk size beyond numbers": _case(_POST + _TE + b"\r\nFFFFFFFFFFFFFFFFF\r\nx"),
    "a negative chunk": _case(_POST + _TE + b"\r\n-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk that is too long": _case(
        _POST + _TE + b"\r\n3\r\nhello\r\n0\r\n\r\n" + _HIDDEN, answers=1
    ),
    "endless extensions of a chunk": _case(
        _POST + _TE + b"\r\n2;" + b"x" * 100_000, ends=(400, 408, 413, None)
    ),
    "trailers after the chunks": _case(
        _POST + _TE + b"\r\n%x\r\n" % len(_ROW) + _ROW + b"\r\n0\r\nX-A: b\r\n\r\n",
        ends=(200, 422, 400), answers=1,
    ),
    "endless trailers": _case(
        _POST + _TE + b"\r\n2\r\n{}\r\n0\r\n" + b"X-A: b\r\n" * 50_000,
        ends=(400, 408, 413, 422, 431, None),
    ),
    "line feeds only": _case(b"GET /livez HTTP/1.1\nHost: localhost\n\n", ends=(200, 400)),
    "carriage returns only": _case(
        b"GET /livez HTTP/1.1\rHost: localhost\r\r", ends=(400, 408, None)
    ),
    "a NUL in the path": _case(b"GET /li\0vez HTTP/1.1\r\n" + _HOST + b"\r\n"),
    "a NUL in a name": _case(b"GET /livez HTTP/1.1\r\nX-\0: a\r\n\r\n"),
    "a NUL in a value": _case(b"GET /livez HTTP/1.1\r\nX-A: \0\r\n\r\n"),
    "a header of 1 MB": _case(
        b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 2**20 + b"\r\n\r\n", ends=_NEVER
    ),
    "20,000 headers": _case(
        b"GET /livez HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000 + b"\r\n", ends=(200, *_NEVER)
    ),
    "an address of 100 kB": _case(
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", ends=(404, 414, *_NEVER)
    ),
    "1,000 requests at once": _case(
        (b"GET /livez HTTP/1.1\r\n" + _HOST + b"\r\n") * 1_000, ends=(200, 503), answers=1_000
    ),
    "HTTP/0.9": _case(b"GET /livez\r\n\r\n", ends=(200, *_NEVER)),
    "HTTP/2": _case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", ends=_NEVER),
    "an upgrade to HTTP/2": _case(
        b"GET /livez HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", ends=(200,),
    ),
    "an upgrade to a web socket": _case(
        b"GET /livez HTTP/1.1\r\n" + _HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ends=(200,),
    ),
    "an upgrade with a request for a body": _case(
        _POST + _UP + b"Content-Length: %d\r\n\r\n" % len(_HIDDEN), _HIDDEN, answers=1
    ),
    "an upgrade with a request after it": _case(
        _sized(_ROW, _POST + _UP) + _HIDDEN, ends=(200, 422), answers=1
    ),
    "a request, then garbage": _case(_sized(_ROW) + b"GARBAGE\r\n\r\n", ends=(200, 422), answers=1),
    "a tunnel": _case(
        b"CONNECT localhost:22 HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(400, 404, 405, None)
    ),
    "a trace": _case(b"TRACE /livez HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(400, 404, 405)),
    "an asterisk": _case(b"OPTIONS * HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(200, 400, 404, 405)),
    "an absolute address": _case(
        b"GET http://evil.example/livez HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(200, 400, 404)
    ),
    "an address without a slash": _case(
        b"GET livez HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(400, 404)
    ),
    "an unknown method": _case(b"FETCH /livez HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(400, 405)),
    "half a character": _case(
        b"GET /v1/customers/%ff%00/score HTTP/1.1\r\n" + _HOST + b"\r\n", ends=(400, 404, 422)
    ),
    "a body that is waited for": _case(
        _POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", ends=(100, 408, 413, 417)
    ),
    "half closed before the body": _case(
        _POST + b"Content-Length: 5\r\n\r\n", ends=(400, 408, None), how="half"
    ),
    "half closed in the head": _case(_POST, ends=(400, 408, None), how="half"),
    "reset in the body": _case(_POST + b"Content-Length: 99\r\n\r\n{", ends=(None,), how="reset"),
    "reset before the answer": _case(_sized(_ROW), ends=(None,), how="reset"),
    "nothing": _case(b"", ends=(None, 408)),
    "TLS": _case(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), ends=_NEVER),
}  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What came of many connections.

    Parameters
    ----------
    sent : connections that were made.
    answers : how often each status was the first; 0 is an end without an answer.
    wrong : what should not have been.
    """

    sent: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


async def heard(address: tuple[str, int], case: Case) -> tuple[list[int], float]:
    """Send what a case says; return the statuses of all answers, and how long it took.

    It waits until the connection ends, until as many answers came as there may be, or for the rest
    of a second after the first one.
    """
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(*address)
    said = b""
    try:
        for piece in case.pieces:
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), MOST_SECONDS)
        if case.how == "half":
            writer.write_eof()
        if case.how == "reset":
            opened = writer.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return [], 0.0
        patience = MOST_SECONDS
        while part := await asyncio.wait_for(reader.read(2**16), patience):
            said += part
            if len(_STATUS.findall(said)) == (case.answers or 1) > 1:
                break
            patience = 0.5 if _ANSWERED.match(said) else MOST_SECONDS
    except (OSError, TimeoutError):  # it was ended, which is an answer
        pass
    finally:
        writer.transport.abort()
    return [int(each) for each in _STATUS.findall(said)], time.monotonic() - began


def wrong_of(name: str, case: Case, statuses: list[int], seconds: float) -> str | None:
    """Say what is wrong with the answers to a case; None if nothing is."""
    first = statuses[0] if statuses else None
    if first not in case.statuses:
        return f"{name}: {first} instead of {sorted(map(str, case.statuses))}"
    if any(status >= 500 and status != 503 for status in statuses):
        return f"{name}: {max(statuses)}"
    if case.answers is not None and len([s for s in statuses if s != 100]) > case.answers:
        return f"{name}: {len(statuses)} answers to one request"
    if first is None and seconds >= MOST_SECONDS:
        return f"{name}: neither answered nor ended in {MOST_SECONDS:g} seconds"
    return None


ANY = frozenset({None, 503, *range(100, 500)})


_TOKENS = (
    *(b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b"\xff", b"%00", b"%", b","),
    *(b"chunked", b"Content-Length: 3\r\n", _TE, b"Connection: close\r\n", b"HTTP/1.0", b"0"),
    *(b"9" * 30, b"-1", b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\n", _UP, _HIDDEN),
)


def spoiled(chance: random.Random) -> Case:
    """Return a valid request with something else at a few of its places."""
    data = chance.choice(VALID)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        lines = data.split(b"\r\n")
        at = chance.randrange(len(data) + 1)
        what = chance.random()
        if what < 0.35:
            token = chance.choice(_TOKENS)
            data = data[:at] + token + data[at:]
        elif what < 0.55:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif what < 0.7:
            data = data[:at] + data[at + chance.choice((1, 2, 10, 100)) :]
        elif what < 0.8:
            data = data[:at]
        elif what < 0.9:
            line = chance.choice(lines)
            lines.insert(chance.randrange(len(lines) + 1), line)
            data = b"\r\n".join(lines)
        else:
            data += chance.choice(VALID)
    cut = chance.randrange(len(data) + 1) if chance.random() < 0.3 else 0
    pieces = tuple(each for each in (data[:cut], data[cut:]) if each)
    how = chance.choices(("half", "wait", "reset"), (0.75, 0.2, 0.05))[0]
    return Case(pieces=pieces, statuses=ANY, how=how)


async def storm(
    address: tuple[str, int], *, seconds: float, seed: int, at_once: int = AT_ONCE
) -> Tally:
    """Send spoiled requests for some seconds, many at once, and honest ones among them.

    Parameters
    ----------
    address : of the service.
    seconds : after which no further one is begun.
    seed : the same gives the same requests.
    at_once : connections at the same time.
    """
    chance, tally = random.Random(seed), Tally()
    ends_at = time.monotonic() + seconds

    async def send_on() -> None:
        while time.monotonic() < ends_at:
            is_honest = chance.random() < 0.02
            case = _case(HONEST, ends=(200,)) if is_honest else spoiled(chance)
            statuses, took = await heard(address, case)
            tally.sent += 1
            first = statuses[0] if statuses else 0
            tally.answers[first] = tally.answers.get(first, 0) + 1
            name = "an honest request" if is_honest else f"{case.how} {case.pieces!r:.600}"
            if (said := wrong_of(name, case, statuses, took)) is not None:
                tally.wrong.append(said)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(send_on())
    return tally


def main() -> int:
    """Serve a project, and storm it; 1 if anything was wrong."""
    root = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(root), str(root / "tests")]
    from durable_service import project_in, served

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(project_in(Path(folder), **SETTINGS)) as project,
    ):
        host, port = project.address.removeprefix("http://").split(":")
        tally = asyncio.run(storm((host, int(port)), seconds=asked.seconds, seed=asked.seed))
        is_alive = project.process is not None and project.process.poll() is None
    print(f"{tally.sent:,} connections; first answers: {dict(sorted(tally.answers.items()))}")
    print("the service is alive" if is_alive else "THE SERVICE ENDED")
    print(*tally.wrong[:20], sep="\n")
    return 1 if tally.wrong or not is_alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
