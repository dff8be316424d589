"""Slow clients change nothing for others, and too few descriptors are no end."""

from __future__ import annotations

import resource
import socket
import time

import httpx
import pytest

from durable_service import served
from faulty_service import following
from slow_clients import SlowClients
from steady_load import ROWS, SteadyLoad, said

pytestmark = pytest.mark.e2e


def test_slow_clients_are_cut_and_others_are_answered(tmp_path, expected):
    project = following(
        tmp_path / "shop",
        MAX_CONNECTIONS="60",
        MAX_REQUESTS="8",
        HEAD_DEADLINE_SECONDS="2",
        BODY_DEADLINE_SECONDS="2",
        ANSWER_DEADLINE_SECONDS="2",
    )
    with served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        load = SteadyLoad(lambda: project.address, expected, count=4)
        with SlowClients(project.address, 80) as slow, load:
            load.wait_for(150)
            ends_at = time.monotonic() + 20
            while slow.cut < 80 and time.monotonic() < ends_at:
                assert httpx.get(f"{project.address}/livez").status_code == 200
                assert project.descriptors < 60 + 64 + 60
                time.sleep(0.2)
            assert slow.cut >= 80
    assert load.wrong == []
    assert set(load.tally.verdicts) == {"right"}


def test_answers_that_nobody_reads_do_not_hold_memory(tmp_path):
    project = following(tmp_path / "shop", ANSWER_DEADLINE_SECONDS="1")
    with served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        httpx.get(f"{project.address}/openapi.json")
        before = project.descriptors
        with SlowClients(project.address, 12, ("answer",)) as slow:
            ends_at = time.monotonic() + 20
            while slow.cut < 12 and time.monotonic() < ends_at:
                time.sleep(0.1)
            assert slow.cut >= 12
        ends_at = time.monotonic() + 10
        while project.descriptors > before + 2 and time.monotonic() < ends_at:
            time.sleep(0.1)
        assert project.descriptors <= before + 2


def test_without_descriptors_it_waits_and_answers_when_they_are_free(tmp_path, expected):
    project = following(tmp_path / "shop")
    with served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        project.post("/v1/score", ROWS[0])
        host, port = project.address.removeprefix("http://").split(":")
        resource.prlimit(project.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        held = [socket.create_connection((host, int(port)), timeout=5) for _ in range(80)]
        time.sleep(1.0)
        assert project.process.poll() is None
        for connection in held:
            connection.close()
        ends_at = time.monotonic() + 20
        while time.monotonic() < ends_at:
            try:
                answer = project.post("/v1/score", ROWS[0])
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                break
        told = answer.json()
        assert said(told) == expected[told["model_version"], ROWS[0]["customer_id"]]
