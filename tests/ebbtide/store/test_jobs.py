"""A job is worked on by one at a time, and each change is refused to whoever lost it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from ebbtide.store import jobs
from ebbtide.store.job_content import (
    PART_BYTES,
    ContentGone,
    InputFile,
    add_part,
    drop_left_content,
    expire_jobs,
    packed,
    results_of,
)
from ebbtide.store.job_erasure import barred, digest_of, erase_from_jobs, result_line, results_about
from ebbtide.store.jobs import Job, LeaseLost
from ebbtide.store.schema.jobs import JOB_ERASURES, JOB_INPUTS, JOB_RESULTS, JOBS
from ebbtide.store.schema.webhooks import WEBHOOK_MESSAGES, WEBHOOKS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=61)


@pytest.fixture
def database(store):
    return store.database


def job(job_id="j1", *, state="queued", at=NOW, **more):
    return Job(
        job_id=job_id,
        caller=more.pop("caller", "crm"),
        state=state,
        source="jsonl",
        language="en",
        with_reasons=True,
        created_at=at,
        **more,
    )


def add(database, *made):
    for each in made:
        database.write(partial(jobs.add_job, job=each))


def lease(database, owner="w1", now=NOW):
    return database.write(partial(jobs.lease, owner=owner, now=now, lease_seconds=60))


def found(database, job_id="j1"):
    with database.read() as connection:
        return jobs.job_of(connection, job_id)


def keep(database, leased, lines, **became):
    return database.write(
        partial(
            jobs.keep_chunk,
            job=leased,
            became=replace(leased, **became),
            results=packed(lines),
        )
    )


def test_a_job_comes_back_as_it_was_kept(database):
    made = job(place={"byte": 7}, model_versions=("a", "b"), rows_total=9, problem_kind="k")
    add(database, made)
    assert found(database) == made
    assert found(database, "other") is None


def test_the_job_that_waited_longest_is_leased_first_and_once(database):
    add(database, job("j1", at=NOW + timedelta(seconds=1)), job("j2"))
    assert lease(database).job_id == "j2"
    assert lease(database, "w2").job_id == "j1"
    assert lease(database, "w3") is None


def test_a_job_is_taken_over_only_after_its_lease_is_over(database):
    add(database, job())
    assert lease(database, "w1").lease_until == NOW + timedelta(seconds=60)
    assert lease(database, "w2", NOW + timedelta(seconds=60)) is None
    taken = lease(database, "w2", LATER)
    assert (taken.lease_owner, taken.leases_in_vain) == ("w2", 2)
    assert taken.started_at == NOW


def test_a_worker_that_slept_through_its_lease_keeps_nothing(database):
    add(database, job())
    slow = lease(database, "w1")
    quick = lease(database, "w2", LATER)
    for change in (
        partial(jobs.renew, job=slow, until=LATER),
        partial(jobs.release, job=slow),
        partial(jobs.end, job=slow, state="done", now=LATER, keep_days=7),
        partial(jobs.keep_chunk, job=slow, became=slow, results=packed(b"")),
    ):
        with pytest.raises(LeaseLost):
            database.write(change)
    assert found(database) == quick


def test_a_chunk_is_kept_once(database):
    add(database, job())
    leased = lease(database)
    after = keep(database, leased, b'{"row":1}\n', rows_done=1, place={"byte": 10}, progress=0.5)
    with pytest.raises(LeaseLost):
        keep(database, leased, b'{"row":1}\n', rows_done=1)
    assert (after.next_chunk, after.leases_in_vain) == (1, 0)
    assert found(database) == after
    assert list(results_of(database, "j1", chunks=1)) == [b'{"row":1}\n']


def test_a_cancelled_job_keeps_nothing_more(database):
    add(database, job())
    leased = lease(database)
    cancelled = database.write(partial(jobs.cancel, job_id="j1", now=LATER, keep_days=7))
    assert (cancelled.state, cancelled.finished_at) == ("cancelled", LATER)
    assert cancelled.expires_at == LATER + timedelta(days=7)
    with pytest.raises(LeaseLost):
        keep(database, leased, b"", rows_done=1)
    again = database.write(partial(jobs.cancel, job_id="j1", now=NOW, keep_days=7))
    assert again == cancelled
    assert database.write(partial(jobs.cancel, job_id="no", now=NOW, keep_days=7)) is None


def test_the_end_of_a_job_is_told_to_webhooks_with_it(database):
    def want(connection):
        connection.execute(
            WEBHOOKS.insert(),
            {
                "webhook_id": "h",
                "url": "https://example.com",
                "kinds": '["job.finished"]',
                "description": "",
                "secret": "s",
                "is_enabled": True,
                "created_at": NOW,
            },
        )

    database.write(want)
    add(database, job())
    after = keep(database, lease(database), b'{"row":1}\n{"row":2}\n', rows_done=2, rows_failed=1)
    database.write(partial(jobs.end, job=after, state="done", now=LATER, keep_days=7))
    ended = found(database)
    assert (ended.state, ended.rows_total, ended.progress) == ("done", 2, 1.0)
    assert ended.lease_owner is None
    with database.read() as connection:
        (body,) = connection.scalars(select(WEBHOOK_MESSAGES.c.body))
    assert '{"job_id": "j1", "state": "done", "rows_done": 2, "rows_failed": 1}' in body


def test_released_jobs_wait_again(database):
    add(database, job())
    database.write(partial(jobs.release, job=lease(database)))
    assert lease(database, "w2").leases_in_vain == 1


def test_jobs_are_listed_newest_first_page_by_page(database):
    add(
        database,
        job("a", at=NOW),
        job("b", at=NOW + timedelta(seconds=1)),
        job("c", at=NOW + timedelta(seconds=1)),
        job("d", at=NOW, caller="other"),
    )
    with database.read() as connection:
        first = jobs.jobs_of(connection, "crm", limit=2)
        before = (first[-1].created_at, first[-1].job_id)
        second = jobs.jobs_of(connection, "crm", limit=2, before=before)
        everybody = jobs.jobs_of(connection, None, limit=9)
        assert jobs.count_under_way(connection, caller="crm", now=NOW) == 3
    assert [each.job_id for each in [*first, *second]] == ["c", "b", "a"]
    assert [each.job_id for each in everybody] == ["c", "b", "d", "a"]


def receive(database, content, job_id="j1"):
    add(database, job(job_id, state="receiving", lease_until=LATER))
    for part, start in enumerate(range(0, len(content), PART_BYTES)):
        piece = content[start : start + PART_BYTES]
        database.write(partial(add_part, job_id=job_id, part=part, content=piece, until=LATER))
    return database.write(partial(jobs.queue, job_id=job_id, received_bytes=len(content)))


def test_a_file_reads_as_it_was_received(database):
    content = bytes(range(256)) * 10_000
    received = receive(database, content)
    assert received.received_bytes == len(content) == 2_560_000
    file = InputFile(database, "j1", size=len(content))
    assert file.readall() == content
    file.seek(PART_BYTES - 2)
    assert file.read(2) == content[PART_BYTES - 2 : PART_BYTES]
    file.seek(-3, 2)
    assert (file.tell(), file.read(9), file.read(1)) == (2_559_997, content[-3:], b"")


def test_a_file_whose_job_was_cancelled_takes_no_more_parts(database):
    receive(database, b"x")
    with pytest.raises(ContentGone):
        database.write(partial(add_part, job_id="j1", part=1, content=b"y", until=LATER))
    with pytest.raises(LeaseLost):
        database.write(partial(jobs.queue, job_id="j1", received_bytes=1))


def counts(database):
    tables = (JOBS, JOB_INPUTS, JOB_RESULTS, JOB_ERASURES)
    with database.read() as connection:
        return [len(connection.execute(select(table.c.job_id)).all()) for table in tables]


def expired(database, now):
    deleted = 0
    while more := database.write(partial(expire_jobs, now=now)):
        assert more <= 16
        deleted += more
    return deleted


def test_the_file_is_deleted_when_its_job_has_ended_and_the_results_when_their_time_is_over(
    database,
):
    receive(database, b"x" * (PART_BYTES * 20 + 1))
    after = keep(database, lease(database), b'{"row":1}\n', rows_done=1)
    drop_left_content(database)
    assert counts(database) == [1, 21, 1, 0]
    database.write(partial(jobs.end, job=after, state="done", now=NOW, keep_days=7))
    drop_left_content(database)
    assert counts(database) == [1, 0, 1, 0]
    assert expired(database, NOW + timedelta(days=6.9)) == 0
    assert expired(database, NOW + timedelta(days=7)) == 2
    assert counts(database) == [0, 0, 0, 0]


def test_a_file_that_broke_off_is_deleted_when_its_receiver_is_given_up(database):
    add(database, job(state="receiving", lease_until=NOW))
    database.write(partial(add_part, job_id="j1", part=0, content=b"x", until=LATER))
    assert expired(database, NOW) == 0
    assert expired(database, LATER) == 2
    assert counts(database) == [0, 0, 0, 0]


def test_a_receiver_that_is_not_heard_of_does_not_count(database):
    add(database, job(state="receiving", lease_until=LATER))
    for now, count in ((NOW, 1), (LATER, 0)):
        with database.read() as connection:
            assert jobs.count_received(connection, now=now) == count
            assert jobs.count_under_way(connection, caller="crm", now=now) == count
    database.write(partial(jobs.give_up, job_id="j1", now=NOW))
    assert expired(database, NOW) == 1


def test_results_of_cancelled_jobs_are_deleted_at_once(database):
    receive(database, b"x")
    keep(database, lease(database), b'{"row":1}\n', rows_done=1)
    database.write(partial(jobs.cancel, job_id="j1", now=NOW, keep_days=7))
    drop_left_content(database)
    assert counts(database) == [1, 0, 0, 0]
    with pytest.raises(ContentGone):
        list(results_of(database, "j1", chunks=1))


def lines(*customer_ids):
    return b"".join(
        result_line({"row": row, "customer_id": customer_id, "text": 'of "customer_id":"c-1"'})
        for row, customer_id in enumerate(customer_ids, start=1)
    )


def test_an_erased_customer_is_in_no_result_and_others_are_untouched(database):
    add(database, job())
    after = keep(database, lease(database), lines("c-1", "c-11", "c-1"), rows_done=3)
    keep(database, after, lines("c-2"), rows_done=4)
    assert [each["row"] for each in results_about(database, "c-1")] == [1, 3]
    assert erase_from_jobs(database, "c-1") == 1
    kept = list(results_of(database, "j1", chunks=2))
    assert kept == [lines("c-x", "c-11").split(b"\n")[1] + b"\n", lines("c-2")]
    assert list(results_about(database, "c-1")) == []
    assert erase_from_jobs(database, "c-1") == 0


def test_a_chunk_that_was_begun_before_an_erasure_is_refused(database):
    add(database, job())
    leased = lease(database)
    erase_from_jobs(database, "c-1")
    with pytest.raises(LeaseLost):
        keep(database, leased, lines("c-1"), rows_done=1)
    again = found(database)
    with database.read() as connection:
        assert barred(connection, "j1") == {digest_of("j1", "c-1")}
    keep(database, again, lines("c-2"), rows_done=1)


def test_who_was_erased_is_forgotten_when_the_job_has_ended(database):
    add(database, job())
    erase_from_jobs(database, "c-1")
    database.write(partial(jobs.end, job=lease(database), state="done", now=NOW, keep_days=7))
    drop_left_content(database)
    assert counts(database) == [1, 0, 0, 0]
