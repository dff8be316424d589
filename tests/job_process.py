"""Processes of their own for tests of jobs: to be killed at work, or to be measured."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from service.app import create_app
from service.jobs.reading import csv_rows
from service.jobs.work import Work
from service.jobs.workers import work_once
from service.settings import read_settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PRELOADED = ["service.app", "ebbtide.bundle.read"]
"""What each such process needs and the server of processes imports once for all."""


def work_for_ever(folder: str, bundle: str, key: bytes, chunk_rows: int) -> None:
    """Work on the jobs of a store, with short leases, in small chunks that can be counted."""
    csv_rows.CHUNK_ROWS = chunk_rows
    settings = read_settings(
        project_file=Path(folder) / "ebbtide.toml", job_lease_seconds=1, job_workers=0
    )
    app = create_app(
        settings,
        model=read_bundle(Path(bundle), key=key),
        store=open_store(f"sqlite:///{folder}/store.db"),
        now=lambda: datetime.now(UTC),
    )
    work = Work(desk=app.state.desk, pause=lambda _seconds: time.sleep(0.02))
    while True:
        work_once(work)


def receive(folder: str, bundle: str, key: bytes, sizes: list[int], told: Connection) -> None:
    """Send files of some sizes to the app, and tell how the memory grew with each, in MiB."""
    settings = read_settings(project_file=Path(folder) / "ebbtide.toml", job_workers=0)
    app = create_app(
        settings,
        model=read_bundle(Path(bundle), key=key),
        store=open_store(f"sqlite:///{folder}/store.db"),
    )
    grown = []
    for size in sizes:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        status = asyncio.run(_post(app, size=size))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        grown.append((status, (after - before) / 1024))
    told.send(grown)


async def _post(app: Any, *, size: int) -> int:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/jobs",
        "raw_path": b"/v1/jobs",
        "query_string": b"",
        "headers": [(b"content-type", b"text/csv"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    left, statuses = size, []

    async def receive() -> dict[str, Any]:
        nonlocal left
        piece = min(left, 65_536)
        left -= piece
        return {"type": "http.request", "body": b"x" * piece, "more_body": left > 0}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]
