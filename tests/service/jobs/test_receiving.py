"""A file may come slowly, but not stand still; what broke off leaves nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from ebbtide.store.job_content import expire_jobs
from ebbtide.store.schema.jobs import JOB_INPUTS, JOBS
from service.jobs import receiving


def asked(app, pieces, *, headers=(), then=None):
    """Send pieces of a file, each after a pause in seconds; return status and body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/jobs",
        "raw_path": b"/v1/jobs",
        "query_string": b"",
        "headers": [(b"content-type", b"text/csv"), (b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    coming = iter(pieces)
    sent = []

    async def receive():
        piece = next(coming, None)
        if piece is None:
            return then or {"type": "http.request", "body": b"", "more_body": False}
        seconds, body = piece
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def left(store):
    with store.database.read() as connection:
        return [
            len(connection.execute(select(table.c.job_id)).all()) for table in (JOBS, JOB_INPUTS)
        ]


@pytest.fixture
def impatient(app, job_settings):
    quick = job_settings.model_copy(update={"upload_idle_seconds": 0.1})
    object.__setattr__(app.state.desk, "settings", quick)
    return app


def test_a_file_may_take_longer_as_a_whole_than_it_may_stand_still(impatient, store):
    status, _ = asked(impatient, [(0.04, b"customer_id\n")] * 5)
    assert status == 202
    assert left(store) == [1, 1]


def test_a_slow_file_is_not_given_up_while_something_comes(monkeypatch, app, store, clock):
    monkeypatch.setattr(receiving, "_SIGN_SECONDS", 0.0)

    def pieces():
        for _ in range(5):
            clock.at += timedelta(seconds=50)  # less than a receiver may be silent
            yield 0, b"customer_id\n"
            store.database.write(partial(expire_jobs, now=clock()))

    assert asked(app, pieces())[0] == 202
    assert left(store) == [1, 1]


def test_a_file_that_stands_still_is_refused(impatient, store):
    status, body = asked(impatient, [(0, b"x" * 2_000_000), (1, b"x")])
    assert status == 408
    assert "urn:ebbtide:problem:body-too-slow" in body
    assert left(store) == [0, 0]


def test_a_file_that_breaks_off_leaves_nothing(app, store):
    status, body = asked(app, [(0, b"x" * 2_000_000)], then={"type": "http.disconnect"})
    assert status == 400
    assert "urn:ebbtide:problem:bad-request" in body
    assert left(store) == [0, 0]


def test_no_more_files_are_received_at_once_than_the_setting_says(app, store, job_settings):
    few = job_settings.model_copy(update={"max_uploads": 1})
    object.__setattr__(app.state.desk, "settings", few)
    inner = []

    def pieces():
        yield 0, b"customer_id\n"
        inner.append(asked_within(app))
        yield 0, b"c-1\n"

    def asked_within(app):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asked, app, [(0, b"customer_id\n")]).result()

    assert asked(app, pieces())[0] == 202
    ((status, body),) = inner
    assert status == 503
    assert "Too many files" in body


def test_a_job_that_was_given_up_meanwhile_is_not_queued(app, store, clock):
    def pieces():
        yield 0, b"customer_id\n"
        with store.database.read() as connection:
            (job_id,) = connection.scalars(select(JOBS.c.job_id))
        store.database.write(
            lambda connection: connection.execute(
                JOBS.update().where(JOBS.c.job_id == job_id).values(state="cancelled")
            )
        )
        yield 0, b"x" * 2_000_000

    status, body = asked(app, pieces())
    assert status == 409
    assert "urn:ebbtide:problem:job-not-done" in body
