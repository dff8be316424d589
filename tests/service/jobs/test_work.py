"""Each row is answered exactly once, wherever a worker dies, sleeps, is stopped or is overtaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ebbtide.bundle.read import read_bundle
from ebbtide.store import jobs
from ebbtide.store.job_erasure import erase_from_jobs
from ebbtide.store.schema.scores import PREDICTIONS
from ebbtide.store.store import StoreUnavailable
from service.app import create_app
from service.champion.supply import FixedSupply
from service.jobs import work as working
from service.jobs import workers
from service.jobs.reading import csv_rows, jsonl_rows
from service.jobs.workers import JobWorkers, work_once

HEADER = "customer_id,recency_days,spend_365d,purchase_days_90d,discount_share_365d,complaints_90d"
ROWS = 23


class Died(BaseException):
    """Stands for the death of a process: nobody handles it."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Let 23 rows be six chunks of four, each of two slices."""
    monkeypatch.setattr(csv_rows, "CHUNK_ROWS", 4)
    monkeypatch.setattr(jsonl_rows, "CHUNK_ROWS", 4)
    monkeypatch.setattr(working, "SLICE_ROWS", 2)


def file_of(rows=ROWS):
    lines = (f"c-{number},{number},840.5,0,0.25,2,0" for number in range(1, rows + 1))
    return "\n".join([f"{HEADER},payments_overdue", *lines]).encode()


@pytest.fixture
def made(post):
    return post(file_of()).json()["job_id"]


def logged(store):
    with store.database.read() as connection:
        return sorted(connection.scalars(select(PREDICTIONS.c.customer_id)))


def every(rows=ROWS):
    return sorted(f"c-{number}" for number in range(1, rows + 1))


def finish(work, clock):
    """Let workers come until there is no job left."""
    for _ in range(10):
        clock.at += timedelta(seconds=61)
        if not work_once(work):
            return
    raise AssertionError("the job does not end")


def assert_once(client, results, store, job_id):
    job = client.get(f"/v1/jobs/{job_id}").json()
    assert (job["state"], job["rows_done"], job["rows_failed"]) == ("done", ROWS, 0)
    assert [each["row"] for each in results(job)] == list(range(1, ROWS + 1))
    assert logged(store) == every()
    return job


def dying(function, *, at_call, after):
    """Return a function that dies before or after its n-th call."""
    calls = 0

    def die(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == at_call and not after:
            raise Died
        returned = function(*args, **kwargs)
        if calls == at_call:
            raise Died
        return returned

    return die


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at_call", [1, 2, 6])
@pytest.mark.parametrize(
    "step",
    [
        "ebbtide.store.jobs.lease",
        "ebbtide.store.jobs.keep_chunk",
        "ebbtide.store.jobs.end",
        "ebbtide.store.sql.SqlStore.add_predictions",
        "service.jobs.work.answer_job_rows",
        "service.jobs.work.drop_left_content",
    ],
)
def test_a_death_at_any_step_neither_loses_nor_doubles_a_row(
    step, at_call, after, monkeypatch, client, made, work, clock, store, results
):
    owner, _, name = step.rpartition(".")
    from pkgutil import resolve_name

    holder = resolve_name(owner)
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, dying(getattr(holder, name), at_call=at_call, after=after))
        try:
            finish(work, clock)
        except Died:
            assert logged(store) == every(len(logged(store)))
    finish(work, clock)
    assert_once(client, results, store, made)


def test_a_death_just_after_a_commit_neither_loses_nor_doubles_a_row(
    monkeypatch, client, made, app, work, clock, store, results
):
    database = app.state.desk.store.database
    for at_call in (2, 3, 5):
        with monkeypatch.context() as patch:
            patch.setattr(database, "write", dying(database.write, at_call=at_call, after=True))
            with pytest.raises(Died):
                work_once(work)
        clock.at += timedelta(seconds=61)
    finish(work, clock)
    assert_once(client, results, store, made)


def test_a_worker_that_sleeps_through_its_lease_keeps_nothing_more(
    client, made, work, clock, store, results
):
    slept = []

    def sleep(_seconds):
        if len(slept) < 3:
            slept.append(1)
            if len(slept) == 3:  # in the middle of the second chunk
                clock.at += timedelta(seconds=61)
                assert work_once(work)

    assert work_once(replace(work, pause=sleep))
    assert len(slept) == 3
    assert_once(client, results, store, made)


def test_a_lease_is_renewed_while_a_chunk_takes_long(client, made, work, clock, store, results):
    def pass_time(_seconds):
        clock.at += timedelta(seconds=29)

    assert work_once(replace(work, pause=pass_time))
    job = assert_once(client, results, store, made)
    assert job["started_at"] < job["finished_at"]


def test_a_customer_who_is_erased_in_the_middle_of_a_chunk_is_left_out(
    client, made, work, store, results
):
    paused = []

    def erase(_seconds):
        paused.append(1)
        if len(paused) == 4:  # rows 5 to 8 are answered, and not yet kept
            erase_from_jobs(store.database, "c-7")

    assert work_once(replace(work, pause=erase))
    job = client.get(f"/v1/jobs/{made}").json()
    assert (job["state"], job["rows_done"]) == ("done", ROWS)
    assert [each["row"] for each in results(job)] == [n for n in range(1, ROWS + 1) if n != 7]
    assert logged(store) == sorted(set(every()) - {"c-7"})


def test_a_customer_who_opts_out_in_the_middle_of_a_chunk_gets_no_score(
    client, made, work, store, results
):
    paused = []

    def opt_out(_seconds):
        paused.append(1)
        if len(paused) == 4:  # rows 5 to 8 are answered, and not yet kept
            out = {"profiling_opt_out": True, "contact_opt_out": False}
            assert client.put("/v1/customers/c-7/preferences", json=out).status_code == 200

    assert work_once(replace(work, pause=opt_out))
    job = client.get(f"/v1/jobs/{made}").json()
    assert (job["state"], job["rows_done"]) == ("done", ROWS)
    abstained = [each["customer_id"] for each in results(job) if each["status"] == "abstained"]
    assert abstained == ["c-7"]
    assert logged(store) == sorted(every())


def test_a_cancelled_job_stops_at_once_and_leaves_nothing_to_read(client, made, work, store):
    paused = []

    def cancel(_seconds):
        paused.append(1)
        if len(paused) == 3:
            assert client.post(f"/v1/jobs/{made}/cancel").json()["state"] == "cancelled"

    assert work_once(replace(work, pause=cancel))
    assert len(paused) == 4
    assert logged(store) == sorted(["c-1", "c-2", "c-3", "c-4"])
    assert client.get(f"/v1/jobs/{made}").json()["rows_done"] == 4


def test_each_chunk_has_one_model_and_the_job_names_them_all(
    client, made, app, work, store, results, make_bundle, bundle, clock
):
    other = read_bundle(make_bundle(2.0), key=b"a key for tests")
    desk = app.state.desk
    paused = []

    def promote(_seconds):
        paused.append(1)
        if len(paused) == 3:  # in the second chunk
            supply = FixedSupply(other, loaded_at=clock())
            object.__setattr__(work.desk, "supply", supply)

    before = desk.supply
    assert work_once(replace(work, pause=promote))
    assert before.current.bundle.version == bundle.version
    job = assert_once(client, results, store, made)
    assert job["model_versions"] == [bundle.version, other.version]
    versions = [each["model_version"] for each in results(job)]
    assert versions == [bundle.version] * 8 + [other.version] * (ROWS - 8)


def test_a_worker_that_is_to_end_gives_its_job_back(client, made, work, clock, store, results):
    asked = []

    def is_stopping():
        asked.append(1)
        return len(asked) > 5

    assert not work_once(replace(work, is_stopping=is_stopping))
    job = client.get(f"/v1/jobs/{made}").json()
    assert (job["state"], job["rows_done"]) == ("queued", 8)
    assert work_once(work)
    assert_once(client, results, store, made)


def test_a_job_whose_workers_die_at_the_same_place_is_given_up(
    monkeypatch, client, made, work, clock
):
    monkeypatch.setattr(working, "answer_job_rows", dying(None, at_call=1, after=False))
    for _ in range(working.MAX_LEASES_IN_VAIN):
        monkeypatch.setattr(working, "answer_job_rows", dying(None, at_call=1, after=False))
        with pytest.raises(Died):
            work_once(work)
        clock.at += timedelta(seconds=61)
    assert work_once(work)
    job = client.get(f"/v1/jobs/{made}").json()
    assert (job["state"], job["problem"]["type"]) == ("failed", "urn:ebbtide:problem:internal")
    assert "at the same place" in job["problem"]["detail"]


def test_a_job_waits_while_the_store_fails(monkeypatch, client, made, work, store, results):
    def refuse(*_args, **_kwargs):
        raise StoreUnavailable("be written")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "keep_chunk", refuse)
        assert not work_once(work)
    assert client.get(f"/v1/jobs/{made}").json()["state"] == "queued"
    assert work_once(work)
    assert_once(client, results, store, made)


def test_a_defect_ends_the_job_and_tells_nothing_of_the_row(
    monkeypatch, client, made, work, capsys
):
    def stumble(*_args, **_kwargs):
        raise ValueError("c-1 spent 840.5")

    monkeypatch.setattr(working, "answer_job_rows", stumble)
    assert work_once(work)
    job = client.get(f"/v1/jobs/{made}").json()
    assert (job["state"], job["problem"]["type"]) == ("failed", "urn:ebbtide:problem:internal")
    said = capsys.readouterr()
    assert "ValueError" in said.out + said.err
    assert "840.5" not in said.out + said.err + str(job)


def test_no_job_is_taken_before_a_model_is_served(made, work, client):
    class Nothing:
        current = None
        complaint = None

    assert not work_once(replace(work, desk=replace(work.desk, supply=Nothing())))
    assert client.get(f"/v1/jobs/{made}").json()["state"] == "queued"


def test_jobs_do_not_take_the_turns_of_requests_with_events(app):
    made = JobWorkers(app.state.desk)
    assert made._desk.event_turns is not app.state.desk.event_turns
    assert made._desk.store is app.state.desk.store


def test_the_service_works_on_jobs_by_itself(settings, bundle, store):
    import time

    quick = settings.model_copy(update={"job_poll_seconds": 0.01})
    with TestClient(create_app(quick, model=bundle, store=store)) as client:
        sent = client.post("/v1/jobs", content=file_of(), headers={"Content-Type": "text/csv"})
        ends_at = time.monotonic() + 10
        while client.get(sent.headers["Location"]).json()["state"] != "done":
            assert time.monotonic() < ends_at
            time.sleep(0.01)
    assert logged(store) == every()


def test_a_lease_that_is_lost_while_a_job_is_ended_ends_nothing_else(made, work, monkeypatch):
    def lost(*_given):
        raise jobs.LeaseLost

    monkeypatch.setattr("service.jobs.workers._worked_on", lost)
    assert work_once(work) is False


def test_no_error_ends_the_thread_that_works(settings, bundle, store, monkeypatch):
    import time

    errors, ended = [ValueError("of any kind")], workers._worked_on

    def break_once(work, job):
        if errors:
            raise errors.pop()
        return ended(work, job)

    monkeypatch.setattr(workers, "_worked_on", break_once)
    quick = settings.model_copy(update={"job_poll_seconds": 0.01, "job_lease_seconds": 1.0})
    with TestClient(create_app(quick, model=bundle, store=store)) as client:
        sent = client.post("/v1/jobs", content=file_of(), headers={"Content-Type": "text/csv"})
        ends_at = time.monotonic() + 10
        while client.get(sent.headers["Location"]).json()["state"] != "done":
            assert time.monotonic() < ends_at
            time.sleep(0.01)
    assert errors == []
    assert logged(store) == every()
