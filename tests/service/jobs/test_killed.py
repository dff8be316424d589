"""Real processes are killed in the middle of a job, again and again: no row is lost or doubled."""

from __future__ import annotations

import multiprocessing
import random
import time
from datetime import UTC, datetime
from functools import partial

import job_process
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ebbtide.store.schema.scores import PREDICTIONS
from service.app import create_app

ROWS = 600
KILLS = 4


@pytest.fixture
def client(job_settings, bundle, store):
    app = create_app(job_settings, model=bundle, store=store, now=partial(datetime.now, UTC))
    return TestClient(app)


@pytest.fixture
def start(tmp_path, make_bundle):
    """Start a process that works on jobs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(job_process.PRELOADED)
    begun = []
    folder = make_bundle()

    def begin():
        args = (str(tmp_path), str(folder), b"a key for tests", 10)
        process = context.Process(target=job_process.work_for_ever, args=args, daemon=True)
        process.start()
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.join()


@pytest.mark.e2e
def test_killing_the_process_that_works_neither_loses_nor_doubles_a_row(
    client, post, start, results, store
):
    columns = "recency_days,spend_365d,purchase_days_90d,discount_share_365d,complaints_90d"
    lines = (f"c-{number},10,840.5,0,0.25,2,0" for number in range(ROWS))
    file = "\n".join([f"customer_id,{columns},payments_overdue", *lines])
    address = post(file.encode()).headers["Location"]
    seeded = random.Random(5)
    kills, seen, ends_at = [], 0, time.monotonic() + 60
    process = start()
    while (job := client.get(address).json())["state"] != "done":
        assert time.monotonic() < ends_at, job
        if job["rows_done"] > seen and len(kills) < KILLS:
            time.sleep(seeded.random() * 0.05)
            process.kill()  # SIGKILL
            process.join()
            kills.append(client.get(address).json()["rows_done"])
            seen = kills[-1] + ROWS // 10
            process = start()
        time.sleep(0.005)
    assert len(kills) == KILLS
    assert max(kills) < ROWS
    assert (job["rows_done"], job["rows_failed"], job["rows_total"]) == (ROWS, 0, ROWS)
    read = results(job)
    assert [each["row"] for each in read] == list(range(1, ROWS + 1))
    assert [each["customer_id"] for each in read] == [f"c-{number}" for number in range(ROWS)]
    with store.database.read() as connection:
        logged = connection.execute(
            select(PREDICTIONS.c.prediction_id, PREDICTIONS.c.customer_id)
        ).all()
    assert sorted(each.prediction_id for each in logged) == sorted(
        each["prediction_id"] for each in read
    )
