"""One service for all bad requests: nothing that is refused leaves a trace."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from bad_requests.bodies import webhook
from ebbtide.store.sql import open_store
from service.app import create_app
from service.jobs.work import Work
from service.jobs.workers import work_once
from service.settings import read_settings
from small_model import KEY, NOW

LIMITS = {
    "max_body_bytes": 200_000,
    "max_events": 50,
    "max_request_events": 120,
    "max_job_bytes": 300_000,
    "max_jobs": 10_000,
}


@pytest.fixture(scope="package")
def bad_input_settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad_input")
    (folder / "ebbtide.toml").write_text(
        '[project]\nname = "test"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    return read_settings(
        project_file=folder / "ebbtide.toml", bundle_key=KEY.decode(), job_workers=0, **LIMITS
    )


@pytest.fixture(scope="package")
def make_service(bad_input_settings, bundle, tmp_path_factory):
    """Make a service, without threads, around a new store."""
    made = []

    def make(**changes):
        folder = tmp_path_factory.mktemp("service")
        store = open_store(f"sqlite:///{folder}/store.db", folder=folder)
        settings = bad_input_settings.model_copy(update=changes)
        made.append(store)
        return create_app(settings, model=bundle, store=store, now=lambda: NOW)

    yield make
    for store in made:
        store.close()


class Teller:
    """Sends bad requests, and finds the problem wherever it is told."""

    def __init__(self, app) -> None:
        self.app = app
        self.client = TestClient(app)
        self._work = Work(desk=app.state.desk, pause=lambda _seconds: None)
        self._ids = {
            "{webhook}": self.client.post("/v1/webhooks", json=webhook()).json()["webhook_id"]
        }

    def send(self, bad, **headers):
        target = bad.path
        if "{job}" in target:
            made = self.client.post("/v1/jobs", json={"rows": "stored"})
            self._ids["{job}"] = made.json()["job_id"]
        for name, known in self._ids.items():
            target = target.replace(name, known)
        given = {**bad.headers, **headers}
        return self.client.request(
            bad.method,
            target,
            headers=[
                (name.encode(), value if isinstance(value, bytes) else value.encode())
                for name, value in given.items()
            ],
            content=bad.content,
        )

    def work(self) -> None:
        while work_once(self._work):
            pass

    def problem_of(self, bad, response):
        """Return the problem, or the one of the last row that failed."""
        if bad.told_in == "answer":
            assert response.status_code == bad.status, response.text
            assert response.headers["content-type"] == "application/problem+json"
            return response.json()
        if response.status_code == 202:
            return self._job_problem(response.headers["Location"], bad.told_in)
        assert response.status_code == 200, response.text
        return response.json()["results"][-1]["problem"]

    def _job_problem(self, location, told_in):
        self.work()
        job = self.client.get(location).json()
        if told_in == "job":
            assert job["state"] == "failed"
            return job["problem"]
        assert (job["state"], job["rows_failed"]) == ("done", 1)
        lines = self.client.get(f"{location}/results").text.splitlines()
        return json.loads(lines[-1])["problem"]


@pytest.fixture(scope="package")
def make_teller():
    return Teller


@pytest.fixture(scope="package")
def teller(make_service):
    return Teller(make_service())
