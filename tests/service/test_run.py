"""The service as a process: says where it listens, logs JSON, ends when told to."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import httpx
import pytest
from fastapi.testclient import TestClient

from service.run import serve

CODE = "import sys; from pathlib import Path; from service.run import serve; "


class Server:
    """Takes what it is given, and says that it has served."""

    made = None
    started = True

    def __init__(self, config, *, grace_seconds):
        Server.made = (config, grace_seconds)

    def run(self):
        raise KeyboardInterrupt


@pytest.fixture
def served_with(project_file, monkeypatch):
    def serve_with(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"EBBTIDE_{name}", value)
        monkeypatch.setattr("service.run.log_as_json", lambda: None)
        monkeypatch.setattr("service.run.EndingServer", Server)
        serve(project_file)
        return Server.made

    return serve_with


def test_connections_are_bounded_as_is_set(served_with):
    config, grace_seconds = served_with(
        MAX_CONNECTIONS="77",
        HEAD_DEADLINE_SECONDS="2.5",
        ANSWER_DEADLINE_SECONDS="3.5",
        GRACE_SECONDS="4.5",
    )
    assert config.http.room.max_connections == 77
    assert config.http.head_deadline_seconds == 2.5
    assert config.http.answer_deadline_seconds == 3.5
    assert (config.limit_concurrency, grace_seconds) == (None, 4.5)


def test_fewer_descriptors_leave_fewer_connections(served_with, monkeypatch):
    monkeypatch.setattr("service.run.raise_descriptors", lambda _wanted: 32)
    config, _ = served_with()
    assert (config.http.room.max_connections, config.http.room.reserve) == (24, 8)


def test_a_part_that_fails_to_end_keeps_no_other_from_ending(app, store, monkeypatch):
    ended = []

    class Part:
        def start(self):
            pass

        def stop(self):
            ended.append(self)
            raise ValueError("cannot end")

    app.state.background = [Part(), Part()]
    monkeypatch.setattr(store, "close", lambda: ended.append("store"))
    with pytest.raises(ValueError, match="cannot end"), TestClient(app):
        pass
    assert ended == [*app.state.background[::-1], "store"]


@pytest.mark.e2e
def test_it_serves_logs_json_and_ends_when_told_to(project_file):
    code = f"{CODE}serve(Path(sys.argv[1]), port=0)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(project_file)], stderr=subprocess.PIPE, text=True
    )
    lines = []
    with process:
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        address = found[0]
        assert httpx.get(f"{address}/livez").json() == {"state": "alive"}
        answer = httpx.post(f"{address}/v1/score", json={"customer_id": "C4N4RY"})
        assert answer.status_code == 503
        assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        lines += process.stderr.readlines()
    assert process.returncode in (0, -signal.SIGTERM)
    read = [json.loads(line) for line in lines]
    assert {"POST"} <= {line.get("method") for line in read}
    assert "C4N4RY" not in "".join(lines)
