"""A service without workers of its own: tests work on jobs when they want to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.jobs.work import Work
from service.jobs.workers import work_once


@dataclass
class Clock:
    """The present, as a test sets it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def job_settings(settings):
    return settings.model_copy(update={"job_workers": 0})


@pytest.fixture
def app(job_settings, bundle, store, clock):
    return create_app(job_settings, model=bundle, store=store, now=clock)


@pytest.fixture
def client(app):
    """Speak to the app without its background: nothing writes but what a test does."""
    return TestClient(app)


@pytest.fixture
def work(app):
    return Work(desk=app.state.desk, pause=lambda _seconds: None)


@pytest.fixture
def post(client):
    """Send a file and return its job."""

    def send(content, media_type="text/csv", **more):
        return client.post(
            "/v1/jobs", content=content, headers={"Content-Type": media_type}, **more
        )

    return send


@pytest.fixture
def run(client, work, post):
    """Send a file, work on it, and return the job as it ended."""

    def send(content, media_type="text/csv", **more):
        made = post(content, media_type, **more)
        assert made.status_code == 202, made.text
        assert work_once(work)
        return client.get(made.headers["Location"]).json()

    return send


@pytest.fixture
def results(client):
    """Read the results of a job as JSON lines."""

    def read(job):
        answer = client.get(f"/v1/jobs/{job['job_id']}/results")
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    return read
