"""How soon an event is in the score: ``python -m benchmarks.events --config F --as-of DATE``.

Publishes histories of the project's champion into a database of its own, serves it over HTTP with a
clock that begins half a day after ``--as-of``, and posts complaints: one after another, and then of
many customers at once. Prints a table, kept in ``benchmarks/results/events.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn

from ebbtide.clock import parse_instant
from ebbtide.project import load_project
from ebbtide.store.rescore_queue import count_waiting
from ebbtide.store.sql import open_store
from features.sources import open_tables
from service.app import create_app
from service.run import log_as_json
from service.settings import read_settings
from training.publishing import publish_histories
from training.registry import connect_registry, fetch_champion
from training.score import snapshot_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.store.sql import SqlStore

RESULT = Path(__file__).resolve().parent / "results" / "events.md"
ONE_BY_ONE = 50
AT_ONCE = 500
_GIVE_UP_SECONDS = 120.0


def report(config: Path, as_of: str, folder: Path) -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    project = load_project(config)
    instant = parse_instant(as_of, time_zone=project.project.time_zone)
    bundle = fetch_champion(connect_registry(project), project.model_name, folder, key=None)
    tables = open_tables(project, now=datetime.now(UTC))
    store = open_store(f"sqlite:///{folder}/events.db", folder=folder)
    snapshot = snapshot_for(bundle, tables, as_of=instant)
    started = time.perf_counter()
    published = publish_histories(store, tables, bundle=bundle, as_of=instant, now=instant)
    seconds = time.perf_counter() - started
    yield f"# Events: {published:,} customers, {len(bundle.scorer.features)} features"
    yield ""
    yield (
        f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite with synchronous=FULL; load of the machine by "
        f"others and this {os.getloadavg()[0]:.1f}."
    )
    yield ""
    yield "| what | |"
    yield "|---|---|"
    yield f"| histories of {published:,} customers published | {seconds:.2f} s |"
    began = time.monotonic()
    app = create_app(
        read_settings(project_file=config),
        model=bundle,
        store=store,
        now=lambda: instant + timedelta(hours=12, seconds=time.monotonic() - began),
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    living = snapshot["customer_id"].to_pylist()
    opened = (instant + timedelta(hours=11)).isoformat()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield from _measured(client, store, living, opened)
    server.should_exit = True
    thread.join()


def _measured(
    client: httpx.Client, store: SqlStore, living: list[str], opened: str
) -> Iterator[str]:
    answers, lags = [], []
    for customer_id in living[:ONE_BY_ONE]:
        started = time.perf_counter()
        _complain(client, [customer_id], opened)
        answered = time.perf_counter()
        _wait_for(store, [customer_id])
        answers.append(1e3 * (answered - started))
        lags.append(1e3 * (time.perf_counter() - answered))
    yield f"| answer to one complaint, {ONE_BY_ONE} one after another | {_spread(answers)} |"
    yield f"| from its answer to the new score on record | {_spread(lags)} |"
    many = living[ONE_BY_ONE : ONE_BY_ONE + AT_ONCE]
    started = time.perf_counter()
    _complain(client, many, opened)
    answered = time.perf_counter()
    yield f"| answer to {len(many)} complaints at once | {1e3 * (answered - started):.0f} ms |"
    _wait_for_all(store)
    rate = len(many) / (time.perf_counter() - answered)
    yield f"| customers scored again, of those | {rate:.0f} a second |"


def _complain(client: httpx.Client, customer_ids: list[str], opened: str) -> None:
    rows = [{"customer_id": each, "opened_at": opened, "severity": 5} for each in customer_ids]
    answer = client.post("/v1/events", json={"events": {"complaints": rows}}).raise_for_status()
    assert answer.json()["rescoring"] == len(rows), answer.text


def _wait_for(store: SqlStore, customer_ids: list[str]) -> None:
    ends_at = time.monotonic() + _GIVE_UP_SECONDS
    for customer_id in customer_ids:
        while not store.predictions_of(customer_id):
            assert time.monotonic() < ends_at, "not scored in time"
            time.sleep(0.002)


def _wait_for_all(store: SqlStore) -> None:
    waiting = 1
    ends_at = time.monotonic() + _GIVE_UP_SECONDS
    while waiting:
        assert time.monotonic() < ends_at, "not scored in time"
        time.sleep(0.05)
        with store.database.read() as connection:
            waiting = count_waiting(connection)


def _spread(milliseconds: list[float]) -> str:
    return f"median {statistics.median(milliseconds):.0f} ms, slowest {max(milliseconds):.0f} ms"


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--as-of", required=True)
    given = parser.parse_args()
    log_as_json()
    with tempfile.TemporaryDirectory() as folder:
        lines = list(report(given.config, given.as_of, Path(folder)))
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
