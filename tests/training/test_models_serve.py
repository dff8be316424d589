"""``mlflow models serve`` answers with the very numbers of the bundle."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from by_hand import PRESENT
from training.registry import CHAMPION, connect_registry, promote
from training.tracking import record
from training.train import train

if TYPE_CHECKING:
    from ebbtide.project import Project
    from features.tables import Tables

BIN = Path(sys.executable).parent


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _ask(address: str, body: dict[str, object], *, seconds: float) -> httpx.Response:
    ends = time.monotonic() + seconds
    while True:
        try:
            return httpx.post(f"{address}/invocations", json=body, timeout=10)
        except httpx.TransportError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)


@pytest.mark.e2e
def test_mlflow_serves_the_numbers_of_the_bundle(tables: Tables, project: Project) -> None:
    trained = train(tables, project, now=tables.log_end(now=PRESENT))
    client = connect_registry(project)
    record(tables, project, trained, key=None)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    promote(
        client,
        project.model_name,
        number=None,
        key=None,
        settings=project.gate,
        who="ann",
        why="first",
        at=at,
    )
    rows = trained.newest.rows[:5]
    body = {
        "dataframe_split": {
            "columns": [feature.name for feature in trained.features],
            "data": [[None if np.isnan(v) else v for v in row] for row in rows.tolist()],
        }
    }
    port = _free_port()
    model = f"models:/{project.model_name}@{CHAMPION}"
    where = ("--host", "127.0.0.1", "--port", str(port))
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": project.tracking_uri,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    server = subprocess.Popen(
        [str(BIN / "mlflow"), "models", "serve", "-m", model, "--env-manager", "local", *where],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        answer = _ask(f"http://127.0.0.1:{port}", body, seconds=90)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    assert answer.status_code == httpx.codes.OK, answer.text
    served = [row["p_churn"] for row in json.loads(answer.text)["predictions"]]
    assert served == trained.scorer(trained.best).p_churn(rows).tolist()
