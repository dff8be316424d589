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


def address_of(project):
    host, port = project.address.removeprefix("http://").split(":")
    return host, int(port)


def asked_for_much(project):
    """Ask for a large answer again and again, and read nothing but its first byte."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(address_of(project))
    connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)
    assert connection.recv(1) == b"H"
    return connection


def under_way(project):
    """Ask with a body that never comes; the service has said that it waits for it."""
    connection = socket.create_connection(address_of(project), timeout=30)
    connection.sendall(
        b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    return connection


def wait_until_refused(address):
    ends_at = time.monotonic() + 20
    while time.monotonic() < ends_at:
        try:
            socket.create_connection(address, timeout=5).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # the door closed while it went through
        time.sleep(0.05)
    raise AssertionError("somebody new is let in")


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
    project = following(tmp_path / "shop", GRACE_SECONDS="60", BODY_DEADLINE_SECONDS="60")
    with served(project), contextlib.closing(under_way(project)):
        project.process.send_signal(signal.SIGTERM)
        wait_until_refused(address_of(project))
        time.sleep(1.0)  # twice as long as those without a request are kept
        assert project.process.poll() is None
        project.process.send_signal(signal.SIGTERM)
        assert project.process.wait(30) == 128 + signal.SIGTERM
