"""Two services on one PostgreSQL share the jobs: each row is answered by one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from ebbtide.store.schema.scores import PREDICTIONS
from ebbtide.store.sql import open_store
from on_postgres import empty_schema, postgres_in
from service.app import create_app
from service.jobs.reading import csv_rows
from service.jobs.work import Work
from service.jobs.workers import work_once

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("postgres")

ROWS = 60


@pytest.fixture
def url(tmp_path) -> Iterator[str]:
    with postgres_in(tmp_path / "postgres") as server:
        yield empty_schema(server.get_uri())


@pytest.fixture
def stores(url, tmp_path):
    made = [open_store(url, folder=tmp_path) for _ in range(2)]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def store(stores):
    return stores[0]


def test_two_services_answer_each_row_once(
    monkeypatch, client, post, stores, results, job_settings, bundle, clock
):
    monkeypatch.setattr(csv_rows, "CHUNK_ROWS", 4)
    columns = "recency_days,spend_365d,purchase_days_90d,discount_share_365d,complaints_90d"
    addresses = []
    for job in "abc":
        lines = (f"{job}-{number},10,840.5,0,0.25,2,0" for number in range(ROWS))
        file = "\n".join([f"customer_id,{columns},payments_overdue", *lines]).encode()
        addresses.append(post(file).headers["Location"])
    apps = [create_app(job_settings, model=bundle, store=each, now=clock) for each in stores]
    works = [Work(desk=app.state.desk, pause=lambda _seconds: None) for app in apps]
    with ThreadPoolExecutor(2) as pool:
        while any(pool.map(work_once, works)):
            pass
    with stores[1].database.read() as connection:
        logged = sorted(connection.scalars(select(PREDICTIONS.c.customer_id)))
    assert logged == sorted(f"{job}-{number}" for job in "abc" for number in range(ROWS))
    for address in addresses:
        job = client.get(address).json()
        assert (job["state"], job["rows_done"], job["rows_failed"]) == ("done", ROWS, 0)
        assert [each["row"] for each in results(job)] == list(range(1, ROWS + 1))
