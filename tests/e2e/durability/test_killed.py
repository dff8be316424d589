"""Whatever kills the service: what it acknowledged is there, once."""

from __future__ import annotations

import signal
import time

import pytest

from durable_service import Clients, audit, project_in, served


@pytest.mark.e2e
def test_killed_under_load_nothing_acknowledged_is_lost_or_doubled(tmp_path):
    with served(project_in(tmp_path / "shop")) as project:
        with Clients(project) as clients:
            for pause in (0.3, 0.7, 0.5):
                time.sleep(pause)
                project.end(signal.SIGKILL)
                project.start()
            time.sleep(0.3)
        assert clients.account.unexpected == []
        found = audit(clients.account, f"sqlite:///{tmp_path}/shop/.ebbtide/store.db")
    assert found.acknowledged > 50
    assert (found.lost, found.doubled) == (0, 0)
