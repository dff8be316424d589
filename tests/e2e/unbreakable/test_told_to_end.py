"""Told to end under load: what was asked is answered, and the end comes in time."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import time

import pytest

from durable_service import served
from faulty_service import following
from steady_load import ROWS, SteadyLoad

pytestmark = pytest.mark.e2e


def kept_ids(project):
    store = project.folder / ".ebbtide" / "store.db"
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return {row[0] for row in connection.execute("SELECT prediction_id FROM predictions")}


def test_what_was_asked_is_answered_and_in_the_log(project, load):
    with served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        with load:
            load.wait_for(20)
            project.process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            project.process.wait(30)
            took_seconds = time.monotonic() - began
    assert took_seconds < 15
    assert load.wrong == []
    assert set(load.tally.verdicts) <= {"right", "refused"}
    acknowledged = {each for told in load.tally.told for each in told.predictions}
    assert len(acknowledged) >= 20
    assert acknowledged <= kept_ids(project)


def asked_for_much(project):
    """Open a connection, ask for a large answer again and again, and read nothing."""
    host, port = project.address.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.settimeout(0.5)
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with contextlib.suppress(OSError):
        connection.sendall(asked * 40)
    return connection


@pytest.mark.parametrize("hangs", ["a client that reads nothing", "the store"])
def test_whatever_hangs_it_ends_within_the_grace_time(tmp_path, hangs):
    project = following(tmp_path / "shop", GRACE_SECONDS="3", STORE_WAIT_SECONDS="60")
    with contextlib.ExitStack() as held, served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        project.post("/v1/score", ROWS[0])
        if hangs == "the store":
            store = project.folder / ".ebbtide" / "store.db"
            other = held.enter_context(
                contextlib.closing(sqlite3.connect(store, isolation_level=None))
            )
            other.execute("BEGIN IMMEDIATE")
            load = SteadyLoad(lambda: project.address, {}, count=2)
            held.enter_context(load)
            time.sleep(0.3)
        else:
            held.enter_context(contextlib.closing(asked_for_much(project)))
        project.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        if hangs == "the store":
            load._ended.set()
        project.process.wait(30)
        assert time.monotonic() - began < 8


def test_nobody_new_is_let_in_then_and_a_second_signal_ends_it_at_once(tmp_path):
    project = following(tmp_path / "shop", GRACE_SECONDS="60")
    with served(project), contextlib.closing(asked_for_much(project)):
        project.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        host, port = project.address.removeprefix("http://").split(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)
        assert project.process.poll() is None
        project.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert project.process.wait(20) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 5
