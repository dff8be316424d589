"""What faults take from the store, and what a group saves: ``python -m benchmarks.durability``.

A service is served to eight clients who keep account; a fault is put upon it again and again; then
every acknowledged customer is looked for in the store. Then units are written with and without
grouping. Kept in ``benchmarks/results/durability.md``.

The clients and the small model are those of ``tests/e2e/durability``.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import uuid4

import numpy as np
from msgspec.structs import replace
from sqlalchemy import event

from benchmarks.commit import commit
from ebbtide.answer.answer import Answer
from ebbtide.store import database as database_module
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
sys.path.insert(0, str(ROOT / "tests"))
WRITERS = (1, 8, 32)
SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A line of the table of faults."""

    fault: str
    times: int
    acknowledged: int
    refused: int
    lost: int
    doubled: int
    unexpected: int


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often the service is killed")
    parser.add_argument("--others", type=int, default=10, help="how often each other fault is put")
    parser.add_argument("--keep", action="store_true", help="write the tables beside the others")
    given = parser.parse_args()
    lines = []
    for line in report(given.kills, given.others):
        print(line, flush=True)
        lines.append(line)
    if given.keep:
        (RESULTS / "durability.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(kills: int, others: int) -> Iterator[str]:
    """Yield the lines of the tables."""
    yield "# Faults under load, and groups of commits"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, commit {commit()}. Made "
        f"by `python -m benchmarks.durability --kills {kills} --others {others}`."
    )
    yield ""
    yield (
        "Eight clients send scores, events and outcomes, half of them with a key of their own. "
        "*Lost* are acknowledged customers whose row is not there, *doubled* customers of whom "
        "more than one is; *refused* are answers 503, *unexpected* any other than 200 and 503."
    )
    yield ""
    yield "| fault | times | acknowledged | refused | lost | doubled | unexpected |"
    yield "|---|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory(prefix="durability-") as folder:
        for number, run in enumerate(FAULTS):
            found = run(Path(folder) / str(number), kills if run in KILLS else others)
            yield (
                f"| {found.fault} | {found.times} | {found.acknowledged:,} | {found.refused:,} | "
                f"{found.lost} | {found.doubled} | {found.unexpected} |"
            )
    yield ""
    yield (
        "One prediction a unit, written by so many threads at once; *alone* is the same with one "
        "unit in a transaction."
    )
    yield ""
    yield "| writers | answers/s | commits per answer | answers/s alone | ratio |"
    yield "|---|---|---|---|---|"
    for writers in WRITERS:
        rate, share = _written(writers)
        with patch.object(database_module, "_AT_ONCE", 1):
            alone, _ = _written(writers)
        yield f"| {writers} | {rate:,.0f} | {share:.3f} | {alone:,.0f} | {rate / alone:.1f} |"


def _killed(folder: Path, times: int) -> Outcome:
    def put(project: Any, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 1.5))
        project.end(signal.SIGKILL)
        project.start()

    return _under_load("the service is killed (SQLite)", folder, times, put)


def _killed_on_postgres(folder: Path, times: int) -> Outcome:
    def put(project: Any, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 1.5))
        project.end(signal.SIGKILL)
        project.start()

    with _postgres(folder) as (url, _server):
        return _under_load("the service is killed (PostgreSQL)", folder, times, put, url=url)


def _crashed(folder: Path, times: int) -> Outcome:
    from on_postgres import crash, start_again

    with _postgres(folder) as (url, server):

        def put(_project: Any, chance: random.Random) -> None:
            time.sleep(chance.uniform(0.2, 1.5))
            crash(server)
            time.sleep(0.3)
            start_again(server)
            time.sleep(0.3)

        return _under_load("PostgreSQL crashes", folder, times, put, url=url)


def _full(folder: Path, times: int) -> Outcome:
    stores = folder / "shop" / ".ebbtide"
    stores.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(stores)], check=True)

    def put(_project: Any, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 1.0))
        with (stores / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                time.sleep(0.5)
        (stores / "filler").unlink()

    try:
        return _under_load("the disk is full for 0.5 s (SQLite)", folder, times, put)
    finally:
        subprocess.run(["umount", "--lazy", str(stores)], check=True)


def _held(folder: Path, times: int) -> Outcome:
    def put(project: Any, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 1.0))
        store = project.folder / ".ebbtide" / "store.db"
        with closing(sqlite3.connect(store, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(10.0)
            other.rollback()

    times = max(1, times // 5)
    return _under_load("another process holds the store for 10 s (SQLite)", folder, times, put)


def _gone(folder: Path, times: int) -> Outcome:
    def put(project: Any, chance: random.Random) -> None:
        time.sleep(chance.uniform(0.2, 1.0))
        store = project.folder / ".ebbtide" / "store.db"
        store.rename(store.with_name("aside.db"))
        time.sleep(0.5)
        store.with_name("aside.db").rename(store)

    return _under_load("the store's file is gone for 0.5 s (SQLite)", folder, times, put)


FAULTS = (_killed, _killed_on_postgres, _crashed, _full, _held, _gone)
KILLS = (_killed,)


def _under_load(
    fault: str,
    folder: Path,
    times: int,
    put: Callable[[Any, random.Random], None],
    *,
    url: str | None = None,
) -> Outcome:
    from durable_service import Clients, audit, project_in, served

    chance = random.Random(times)
    made = project_in(folder / "shop", database_url=url)
    with served(made) as project:
        with Clients(project) as clients:
            for _ in range(times):
                put(project, chance)
            time.sleep(0.5)
        account = clients.account
    found = audit(account, url or f"sqlite:///{folder}/shop/.ebbtide/store.db")
    for text in account.unexpected[:3]:
        print(text, file=sys.stderr)
    return Outcome(
        fault=fault,
        times=times,
        acknowledged=found.acknowledged,
        refused=account.refused,
        lost=found.lost,
        doubled=found.doubled,
        unexpected=len(account.unexpected),
    )


@contextmanager
def _postgres(folder: Path) -> Iterator[tuple[str, Any]]:
    from on_postgres import empty_schema, postgres_in

    folder.mkdir(parents=True, exist_ok=True)
    with postgres_in(folder / "postgres") as server:
        yield empty_schema(server.get_uri()), server


MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ANSWER = Answer(
    prediction_id="",
    customer_id="",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH,
    model_version="m",
    policy_version="p",
    definition="d",
    language="en",
    churn_probability=0.25,
)


def _written(writers: int) -> tuple[float, float]:
    """Return answers a second and commits for each answer."""
    with tempfile.TemporaryDirectory(prefix="durability-") as folder:
        store = open_store(f"sqlite:///{folder}/s.db", busy_seconds=30.0)
        commits: list[object] = []
        event.listen(store.database.engine, "commit", commits.append)
        counts = [0] * writers
        ends_at = time.monotonic() + SECONDS

        def write(writer: int) -> None:
            while time.monotonic() < ends_at:
                answer = replace(ANSWER, prediction_id=uuid4().hex, customer_id=uuid4().hex)
                values = np.zeros(60)
                names = tuple(f"f{number}" for number in range(60))
                store.record_predictions([Prediction(answer=answer, names=names, values=values)])
                counts[writer] += 1

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - began
        store.close()
    return sum(counts) / seconds, len(commits) / sum(counts)


if __name__ == "__main__":
    main()
