"""Whose events were acknowledged is scored again, once, though the service was killed meanwhile."""

from __future__ import annotations

import signal
import time

import pytest
from sqlalchemy import func, select

from durable_service import project_in, served
from ebbtide.store.database import open_database
from ebbtide.store.rescore_queue import count_waiting
from ebbtide.store.schema.scores import PREDICTIONS

CUSTOMERS = [f"c{number}" for number in range(2_000)]
ROWS = [{"customer_id": each, "opened_at": "2026-01-15T10:00:00Z"} for each in CUSTOMERS]


@pytest.mark.e2e
def test_killed_while_scoring_nobody_is_left_out_or_scored_twice(tmp_path):
    with served(project_in(tmp_path / "shop", RESCORE_LEASE_SECONDS="1")) as project:
        answer = project.post("/v1/events", {"events": {"complaints": ROWS}}).json()
        assert answer["rescoring"] == len(CUSTOMERS)
        database = open_database(f"sqlite:///{tmp_path}/shop/.ebbtide/store.db")
        begins_by = time.monotonic() + 20
        while waiting(database) == len(CUSTOMERS) and time.monotonic() < begins_by:
            time.sleep(0.005)
        project.end(signal.SIGKILL)
        assert 0 < waiting(database) < len(CUSTOMERS)
        project.start()
        ends_at = time.monotonic() + 90
        while waiting(database) and time.monotonic() < ends_at:
            time.sleep(0.05)
        with database.read() as connection:
            counted = select(PREDICTIONS.c.customer_id, func.count()).group_by("customer_id")
            count = {row[0]: row[1] for row in connection.execute(counted)}
        database.close()
    assert count == dict.fromkeys(CUSTOMERS, 1)


def waiting(database):
    with database.read() as connection:
        return count_waiting(connection)
