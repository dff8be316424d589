"""A service as a process of its own, clients that keep account, and an audit of what it kept.

Clients send scores, events and outcomes, half of the requests with a key of their own. Each request
is about a customer of its own, so that what was kept of it can be counted afterwards. A request
with a key is sent again until it is answered, as a careful client would; one without is sent once.
"""

from __future__ import annotations

import os
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from sqlalchemy import func, select

from ebbtide.store.database import open_database
from ebbtide.store.schema.effects import OUTCOMES
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.schema.scores import PREDICTIONS
from small_model import FEATURES, KEY, write_small_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
from ebbtide.bundle.read import read_bundle
from service.run import serve
key = sys.argv[3].encode()
serve(Path(sys.argv[1]), port=0, model=read_bundle(Path(sys.argv[2]), key=key))
"""
_TABLES = {"score": PREDICTIONS, "scores": PREDICTIONS, "events": EVENTS, "outcomes": OUTCOMES}


@dataclass(kw_only=True)
class ServedProject:
    """A project with a small model, and the process that serves it.

    Parameters
    ----------
    folder : of the project; made by ``project_in``.
    settings : of the service, by the names of their variables without the prefix.
    wrapper : put before the command, such as ``("strace", ...)``.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    address: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        given = (str(self.folder / "ebbtide.toml"), str(self.folder / "bundle"), KEY.decode())
        return (sys.executable, "-c", _PROGRAM, *given)

    def start(self) -> None:
        """Start it, and return when it says where it listens."""
        environment = {f"EBBTIDE_{name}": value for name, value in self.settings.items()}
        self.process = subprocess.Popen(
            [*self.wrapper, *self.command],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.address = found[0]
                threading.Thread(target=self._read_on, daemon=True).start()
                return
        raise AssertionError("".join(self.log[-5:]))

    def end(self, how: signal.Signals) -> None:
        """End it by a signal, and wait until it is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, how)
        self.process.wait(30)

    def post(self, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """Send a request on a connection of its own."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return httpx.post(f"{self.address}{path}", json=body, headers=headers, timeout=30)

    def _read_on(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            self.log.extend(lines)


def project_in(folder: Path, *, database_url: str | None = None, **settings: str) -> ServedProject:
    """Write a project with a small model into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    stores = f'[stores]\ndatabase_url = "{database_url}"\n' if database_url else ""
    (folder / "ebbtide.toml").write_text(
        '[project]\nname = "durable"\ncurrency = "EUR"\n'
        f'[tables.transactions]\npath = "t.csv"\n{stores}'
    )
    write_small_bundle(folder / "bundle")
    return ServedProject(folder=folder, settings=settings)


@contextmanager
def served(project: ServedProject) -> Iterator[ServedProject]:
    """Serve a project for as long as the block lasts."""
    project.start()
    try:
        yield project
    finally:
        if project.process is not None and project.process.poll() is None:
            project.end(signal.SIGKILL)


@dataclass(kw_only=True)
class Account:
    """What clients were told, by customer: how many rows must be there, and how many may be.

    Parameters
    ----------
    acknowledged : answered with success, by kind of request; each must be there once.
    sent : every customer whom a request was about; none may be there twice.
    predictions : ids of the answers that were given.
    refused : how many requests were answered with 503.
    """

    acknowledged: dict[str, list[str]] = field(default_factory=lambda: {k: [] for k in _TABLES})
    sent: dict[str, list[str]] = field(default_factory=lambda: {k: [] for k in _TABLES})
    predictions: list[str] = field(default_factory=list)
    refused: int = 0
    unexpected: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many customers were acknowledged."""
        return sum(map(len, self.acknowledged.values()))


class Clients:
    """Clients that send on until they are told to stop.

    Parameters
    ----------
    project : what they send to, at whatever address it has.
    count : how many at once.
    """

    def __init__(self, project: ServedProject, *, count: int = 8) -> None:
        self.account = Account()
        self._project = project
        self._ended = threading.Event()
        self._noting = threading.Lock()
        self._open: queue.Queue[tuple[str, list[str], Any, str]] = queue.Queue()
        self._threads = [threading.Thread(target=self._send_on, args=(n,)) for n in range(count)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop; what was sent with a key and not answered is sent until it is."""
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
        ends_at = time.monotonic() + 60
        with httpx.Client() as client:
            while not self._open.empty() and time.monotonic() < ends_at:
                self._send(client, *self._open.get())

    def wait_for(self, count: int) -> None:
        """Return when so many further customers were acknowledged, whatever the machine does."""
        ends_at = time.monotonic() + 60
        enough = self.account.total + count
        while self.account.total < enough:
            assert time.monotonic() < ends_at
            time.sleep(0.01)

    def _send_on(self, number: int) -> None:
        chance = random.Random(number)
        while not self._ended.is_set():
            with httpx.Client(timeout=30) as client:
                try:
                    while not self._ended.is_set():
                        self._send(client, *self._next(chance))
                except httpx.TransportError:
                    time.sleep(0.05)  # it is being started again

    def _next(self, chance: random.Random) -> tuple[str, list[str], Any, str | None]:
        try:
            return self._open.get_nowait()
        except queue.Empty:
            kind = chance.choice(sorted(_TABLES))
            customers = [uuid4().hex for _ in range(3 if kind == "scores" else 1)]
            with self._noting:
                self.account.sent[kind] += customers
            return kind, customers, _body(kind, customers), chance.choice([None, uuid4().hex])

    def _send(
        self, client: httpx.Client, kind: str, customers: list[str], body: Any, key: str | None
    ) -> None:
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            answer = client.post(f"{self._project.address}/v1/{kind}", json=body, headers=headers)
        except httpx.TransportError:
            if key is not None:
                self._open.put((kind, customers, body, key))
            if self._ended.is_set():
                time.sleep(0.05)
                return
            raise
        with self._noting:
            self._note(answer, kind, customers)
        if answer.status_code == 503:
            time.sleep(0.02)
            if key is not None:
                self._open.put((kind, customers, body, key))

    def _note(self, answer: httpx.Response, kind: str, customers: list[str]) -> None:
        if answer.status_code == 503:
            self.account.refused += 1
            return
        told = answer.json() if answer.status_code == 200 else {}
        results = told.get("results", [told])
        if answer.status_code != 200 or any(each.get("status") == "failed" for each in results):
            self.account.unexpected.append(f"{kind} {answer.status_code} {answer.text[:300]}")
            return
        self.account.acknowledged[kind] += customers
        if kind in ("score", "scores"):
            self.account.predictions += [each["prediction_id"] for each in results]


def _body(kind: str, customers: list[str]) -> Any:
    if kind == "score":
        return {"customer_id": customers[0], "features": FEATURES}
    if kind == "scores":
        return {"rows": [{"customer_id": each, "features": FEATURES} for each in customers]}
    moment = "2026-01-15T10:00:00Z"
    if kind == "events":
        row = {"customer_id": customers[0], "opened_at": moment, "severity": 4}
        return {"events": {"complaints": [row]}}
    return {"outcomes": [{"customer_id": customers[0], "churned": False, "observed_at": moment}]}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What a store holds of what was acknowledged.

    Parameters
    ----------
    acknowledged : customers.
    lost : acknowledged, and not there.
    doubled : there more than once, acknowledged or not.
    """

    acknowledged: int
    lost: int
    doubled: int


def audit(account: Account, database_url: str) -> Audit:
    """Compare what clients were told with what is in the store."""
    database = open_database(database_url)
    lost = doubled = 0
    with database.read() as connection:
        kept = set(connection.scalars(select(PREDICTIONS.c.prediction_id)))
        lost += len(set(account.predictions) - kept)
        for kind, table in _TABLES.items():
            counted = select(table.c.customer_id, func.count()).group_by(table.c.customer_id)
            count = {row[0]: row[1] for row in connection.execute(counted)}
            lost += sum(count.get(each, 0) == 0 for each in account.acknowledged[kind])
            doubled += sum(count.get(each, 0) > 1 for each in account.sent[kind])
    database.close()
    return Audit(acknowledged=account.total, lost=lost, doubled=doubled)
