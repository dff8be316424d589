"""A steady load of scoring requests, each answer of which is compared with what it has to be.

An answer is *right* if it is what the version that it names says of that row, bit by bit; all rows
of one request must name one version. *Refused* is 429 or 503 with Retry-After, or a connection that
was refused; *lost* a connection that ended without an answer to what was asked on it, or 503 that
says that nothing is known of the end.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import read_settings
from small_model import FEATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle

SLOW_SECONDS = 1.0
_END_UNKNOWN = b"urn:ebbtide:problem:store-outcome-unknown"
_OF_EACH_REQUEST = frozenset(
    {"prediction_id", "scored_at", "as_of", "valid_until", "outcome_due_at"}
)

ROWS = [
    {
        "customer_id": f"c{number}",
        "features": {**FEATURES, "recency_days": 20 * number, "complaints_90d": number % 3},
    }
    for number in range(12)
]


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says but for what each request has of its own."""
    return {name: value for name, value in answer.items() if name not in _OF_EACH_REQUEST}


def expected_answers(bundles: Iterable[Bundle], folder: Path) -> dict[tuple[str, str], Any]:
    """Return what each version has to say of each row, by version and customer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ebbtide.toml").write_text(
        '[project]\nname = "faulty"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    settings = read_settings(project_file=folder / "ebbtide.toml")
    answers = {}
    for bundle in bundles:
        with TestClient(create_app(settings, model=bundle)) as client:
            for row in ROWS:
                answer = client.post("/v1/score", json=row).json()
                answers[bundle.version, row["customer_id"]] = said(answer)
    return answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one request."""

    began: float
    seconds: float
    verdict: str
    status: int = 0
    predictions: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Tally:
    """What became of the requests of some time.

    Parameters
    ----------
    told : of each request that began then.
    """

    told: list[Told] = field(default_factory=list)

    @property
    def verdicts(self) -> Counter[str]:
        """How many there were of each verdict."""
        return Counter(each.verdict for each in self.told)

    @property
    def slow(self) -> int:
        """How many answers took more than a second."""
        return sum(each.seconds > SLOW_SECONDS for each in self.told)

    def milliseconds(self, share: float) -> float:
        """Return a quantile of the time that right answers took."""
        seconds = [each.seconds for each in self.told if each.verdict == "right"]
        return float(np.quantile(seconds, share)) * 1000 if seconds else float("nan")

    def between(self, start: float, end: float) -> Tally:
        """Return what was asked in a span of time, by ``time.monotonic``."""
        return Tally(told=[each for each in self.told if start <= each.began < end])


class SteadyLoad:
    """Clients that ask one after the other on kept connections, until they are told to stop.

    Parameters
    ----------
    address : of the service, asked for anew with each connection.
    expected : of ``expected_answers``.
    count : of clients.
    pause_seconds : between an answer and the next request of a client.
    without : fields that are not compared.
    """

    def __init__(
        self,
        address: Callable[[], str],
        expected: dict[tuple[str, str], Any],
        *,
        count: int = 8,
        pause_seconds: float = 0.0,
        without: Iterable[str] = (),
    ) -> None:
        self.tally = Tally()
        self.wrong: list[str] = []
        self._address = address
        self._without = frozenset(without)
        self._expected = {key: self._compared(answer) for key, answer in expected.items()}
        self._count = count
        self._pause_seconds = pause_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> SteadyLoad:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask no more, and return when everything is answered."""
        self._ended.set()
        self._thread.join(60)

    def wait_for(self, count: int, *, seconds: float = 60.0) -> None:
        """Return when so many further requests were answered rightly."""
        ends_at = time.monotonic() + seconds
        enough = self.tally.verdicts["right"] + count
        while self.tally.verdicts["right"] < enough:
            assert time.monotonic() < ends_at, dict(self.tally.verdicts)
            time.sleep(0.02)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._count):
                group.create_task(self._ask_on(number))

    async def _ask_on(self, number: int) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._ended.is_set():
            number += 1
            rows = ROWS[:5] if number % 5 == 0 else [ROWS[number % len(ROWS)]]
            began = time.monotonic()
            try:
                if streams is None:
                    host, port = self._address().removeprefix("http://").split(":")
                    streams = await asyncio.open_connection(host, int(port))
            except OSError:
                self._note(began, "refused")
                await asyncio.sleep(0.05)
                continue
            try:
                async with asyncio.timeout(30):
                    status, headers, body = await _exchange(*streams, rows)
            except (OSError, EOFError, ValueError, TimeoutError):
                self._note(began, "lost")
                streams = _closed(streams)
                continue
            self._judge(began, status, headers, body)
            if headers.get("connection") == "close":
                streams = _closed(streams)
            await asyncio.sleep(self._pause_seconds if status == 200 else 0.02)
        _closed(streams)

    def _judge(self, began: float, status: int, headers: dict[str, str], body: bytes) -> None:
        if status != 200:
            is_refused = status in (429, 503) and "retry-after" in headers
            is_lost = status == 503 and _END_UNKNOWN in body
            verdict = "refused" if is_refused else "lost" if is_lost else "wrong"
            self._note(began, verdict, status=status)
            if verdict == "wrong":
                self.wrong.append(f"{status} {body[:300]!r}")
            return
        read = json.loads(body)
        answers = read.get("results", [read])
        versions = {answer.get("model_version") for answer in answers}
        is_right = len(versions) == 1 and all(
            self._compared(said(answer))
            == self._expected.get((answer["model_version"], answer["customer_id"]))
            for answer in answers
        )
        if not is_right:
            self.wrong.append(f"{versions} {body[:300]!r}")
        ids = tuple(answer["prediction_id"] for answer in answers)
        self._note(began, "right" if is_right else "wrong", status=status, predictions=ids)

    def _compared(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in answer.items() if name not in self._without}

    def _note(
        self, began: float, verdict: str, *, status: int = 0, predictions: tuple[str, ...] = ()
    ) -> None:
        seconds = time.monotonic() - began
        told = Told(
            began=began, seconds=seconds, verdict=verdict, status=status, predictions=predictions
        )
        self.tally.told.append(told)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rows: list[dict[str, Any]]
) -> tuple[int, dict[str, str], bytes]:
    path, asked = ("score", rows[0]) if len(rows) == 1 else ("scores", {"rows": rows})
    body = json.dumps(asked).encode()
    writer.write(
        b"POST /v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)
    )
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    answer = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, answer


def _closed(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    if streams is not None:
        streams[1].close()
