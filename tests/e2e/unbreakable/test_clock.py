"""A clock that jumps: answers carry its time, nothing fails, nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.read import read_bundle
from service.app import create_app
from service.settings import read_settings
from small_model import KEY, NOW
from steady_load import ROWS, said

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=400)], ids=["back", "ahead"])
def test_a_jump_of_the_clock_changes_times_only(project, expected, jump):
    clock = [NOW]
    bundle = read_bundle(project.bundle(0), key=KEY)
    settings = read_settings(project_file=project.folder / "ebbtide.toml")
    app = create_app(settings, model=bundle, now=lambda: clock[0])
    row = ROWS[3]
    with TestClient(app) as client:
        for now in (NOW, NOW + jump, NOW):
            clock[0] = now
            answer = client.post("/v1/score", json=row).json()
            assert said(answer) == expected[bundle.version, row["customer_id"]]
            assert answer["scored_at"] == now.isoformat().replace("+00:00", "Z")
            assert client.get("/readyz").json()["state"] == "ready"
        path = f"/v1/customers/{row['customer_id']}"
        assert client.get(f"{path}/score").status_code == 200
        history = client.get(f"{path}/history").json()
        assert [len(each) for each in history.values() if isinstance(each, list)] == [3]
