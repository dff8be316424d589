"""Whatever kills the service: what it acknowledged is there, once."""

from __future__ import annotations

import signal

import pytest

from durable_service import Clients, audit, project_in, served


@pytest.mark.e2e
def test_killed_under_load_nothing_acknowledged_is_lost_or_doubled(tmp_path):
    with served(project_in(tmp_path / "shop")) as project:
        with Clients(project) as clients:
            for count in (10, 25, 15):
                clients.wait_for(count)
                project.end(signal.SIGKILL)
                project.start()
            clients.wait_for(10)
        assert clients.account.unexpected == []
        found = audit(clients.account, f"sqlite:///{tmp_path}/shop/.ebbtide/store.db")
    assert found.acknowledged >= 60
    assert (found.lost, found.doubled) == (0, 0)
