"""Processes that work on jobs until somebody ends them, for tests that kill them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from service.app import create_app
from service.jobs.reading import csv_rows
from service.jobs.work import Work
from service.jobs.workers import work_once
from service.settings import read_settings

PRELOADED = ["job_process"]


def work_for_ever(folder: str, bundle: str, key: bytes, chunk_rows: int) -> None:
    """Work on the jobs of a store, with short leases, without pauses, in small chunks."""
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
    work = Work(desk=app.state.desk, pause=lambda _seconds: None)
    while True:
        work_once(work)
