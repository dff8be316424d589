"""Jobs and their states: who works on one, how far it is, how it ended.

A worker leases a job. Every change it makes names its lease and the chunk that it expects to be the
next; where another worker has taken over, or the job was cancelled, or a customer of it was erased
meanwhile, the change is refused as a whole. So each row is answered exactly once. The file and the
results are kept by ``ebbtide.store.job_content``.

    receiving -> queued -> running -> done | failed
         all of them -> cancelled
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import and_, func, or_, select, update

from ebbtide.store.outbox import enqueue
from ebbtide.store.schema.jobs import JOB_RESULTS, JOBS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

JobState = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]
STATES: tuple[JobState, ...] = get_args(JobState)
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")
UNDER_WAY: tuple[JobState, ...] = ("receiving", "queued", "running")

Source = Literal["csv", "jsonl", "parquet", "stored"]
SOURCES: tuple[Source, ...] = get_args(Source)


class LeaseLost(Exception):
    """The job is another's now, or has ended, or must leave out a customer; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as it stands.

    Parameters
    ----------
    job_id : its id.
    caller : name of who asked for it.
    state : one of ``STATES``.
    source : what the rows are read from.
    language : of the texts.
    with_reasons : whether the results hold the reasons.
    received_bytes : size of the file, bytes.
    place : where the next chunk of the input begins; None is the beginning.
    next_chunk : number of the next chunk, from 0.
    progress : how much of the input is done, from 0 to 1.
    rows_done : rows that were read and answered, the failed ones among them.
    rows_failed : rows that got a problem instead of an answer.
    rows_total : rows of the input, where that is known.
    model_versions, policy_versions : those that answered, in the order of their first chunk.
    problem_kind, problem_detail : why it failed.
    created_at, started_at, finished_at, expires_at : instants; None where not yet.
    lease_owner, lease_until : who works on it, and until when nobody else may.
    leases_in_vain : leases since the last chunk that was kept.
    erasures : how many customers were erased while it was under way.
    """

    job_id: str
    caller: str
    state: JobState
    source: Source
    language: Literal["en", "zh"]
    with_reasons: bool
    created_at: datetime
    received_bytes: int = 0
    place: dict[str, Any] | None = None
    next_chunk: int = 0
    progress: float = 0.0
    rows_done: int = 0
    rows_failed: int = 0
    rows_total: int | None = None
    model_versions: tuple[str, ...] = ()
    policy_versions: tuple[str, ...] = ()
    problem_kind: str | None = None
    problem_detail: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    leases_in_vain: int = 0
    erasures: int = 0


_AS_JSON = ("model_versions", "policy_versions")


def add_job(connection: Connection, job: Job) -> None:
    """Keep a new job."""
    written = {each.name: getattr(job, each.name) for each in fields(Job)}
    written |= {name: json.dumps(written[name]) for name in _AS_JSON}
    written["place"] = None if job.place is None else json.dumps(job.place)
    connection.execute(JOBS.insert(), written)


def job_of(connection: Connection, job_id: str) -> Job | None:
    """Return a job, None where there is none."""
    row = connection.execute(select(JOBS).where(JOBS.c.job_id == job_id)).one_or_none()
    return None if row is None else _read(row)


def jobs_of(
    connection: Connection,
    caller: str | None,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
) -> Sequence[Job]:
    """Return jobs, the newest first.

    Parameters
    ----------
    connection : for reading.
    caller : whose; None for everybody's.
    limit : how many at most.
    before : ``created_at`` and ``job_id`` of the last one that was seen; None to begin.
    """
    query = select(JOBS).order_by(JOBS.c.created_at.desc(), JOBS.c.job_id.desc()).limit(limit)
    if caller is not None:
        query = query.where(JOBS.c.caller == caller)
    if before is not None:
        at, job_id = before
        query = query.where(
            or_(JOBS.c.created_at < at, and_(JOBS.c.created_at == at, JOBS.c.job_id < job_id))
        )
    return [_read(row) for row in connection.execute(query)]


def count_under_way(connection: Connection, *, caller: str, now: datetime) -> int:
    """Return how many jobs of a caller have not ended."""
    is_worked_on = or_(JOBS.c.state.in_(("queued", "running")), _is_received(now))
    query = select(func.count()).where(JOBS.c.caller == caller, is_worked_on)
    return connection.scalar(query) or 0


def count_received(connection: Connection, *, now: datetime) -> int:
    """Return how many files are being received."""
    return connection.scalar(select(func.count()).where(_is_received(now))) or 0


def give_up(connection: Connection, job_id: str, *, now: datetime) -> None:
    """Let a job that is being received expire at once."""
    connection.execute(
        update(JOBS)
        .where(JOBS.c.job_id == job_id, JOBS.c.state == "receiving")
        .values(lease_until=now)
    )


def queue(connection: Connection, job_id: str, *, received_bytes: int) -> Job:
    """Let a job whose file is complete wait for a worker.

    Raises
    ------
    LeaseLost
        If its receiver took too long, and it was given up or cancelled.
    """
    changed = connection.execute(
        update(JOBS)
        .where(JOBS.c.job_id == job_id, JOBS.c.state == "receiving")
        .values(state="queued", received_bytes=received_bytes, lease_until=None)
    )
    if changed.rowcount != 1:
        raise LeaseLost
    found = job_of(connection, job_id)
    assert found is not None
    return found


def lease(connection: Connection, *, owner: str, now: datetime, lease_seconds: float) -> Job | None:
    """Take the job that has waited longest; None where none waits.

    One whose worker has not been heard of until the end of its lease waits, too.

    Parameters
    ----------
    connection : of the unit.
    owner : unique text of this lease.
    now : the present.
    lease_seconds : how long nobody else may take it, unless it is renewed, seconds.
    """
    is_free = or_(
        JOBS.c.state == "queued", and_(JOBS.c.state == "running", JOBS.c.lease_until < now)
    )
    wanted = select(JOBS).where(is_free).order_by(JOBS.c.created_at, JOBS.c.job_id).limit(1)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    taken = connection.execute(
        update(JOBS)
        .where(JOBS.c.job_id == row.job_id, is_free)
        .values(
            state="running",
            started_at=row.started_at or now,
            lease_owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
            leases_in_vain=JOBS.c.leases_in_vain + 1,
        )
    )
    return job_of(connection, row.job_id) if taken.rowcount == 1 else None


def renew(connection: Connection, job: Job, *, until: datetime) -> None:
    """Make a lease last longer.

    Raises
    ------
    LeaseLost
        If it is lost.
    """
    _change(connection, job, {"lease_until": until})


def release(connection: Connection, job: Job) -> None:
    """Give a lease back, so that another worker can go on at once.

    Raises
    ------
    LeaseLost
        If it is lost.
    """
    nobody = {"lease_owner": None, "lease_until": None}
    _change(connection, job, {"state": "queued", "leases_in_vain": 0, **nobody})


def keep_chunk(connection: Connection, job: Job, *, became: Job, results: bytes) -> Job:
    """Keep the results of a job's next chunk, and how far the job is then.

    Parameters
    ----------
    connection : of the unit that also keeps the entries of the log.
    job : as it was when the chunk was begun, with the lease.
    became : the same after the chunk: place, rows, versions, progress and lease.
    results : the compressed results.

    Raises
    ------
    LeaseLost
        If the lease is lost, or a customer was erased since; nothing is kept.
    """
    after = replace(became, next_chunk=job.next_chunk + 1, leases_in_vain=0)
    _change(
        connection,
        job,
        {
            "place": json.dumps(after.place),
            "next_chunk": after.next_chunk,
            "progress": after.progress,
            "rows_done": after.rows_done,
            "rows_failed": after.rows_failed,
            "rows_total": after.rows_total,
            "model_versions": json.dumps(after.model_versions),
            "policy_versions": json.dumps(after.policy_versions),
            "lease_until": after.lease_until,
            "leases_in_vain": 0,
        },
    )
    connection.execute(
        JOB_RESULTS.insert(), {"job_id": job.job_id, "chunk": job.next_chunk, "content": results}
    )
    return after


def end(
    connection: Connection,
    job: Job,
    *,
    state: Literal["done", "failed"],
    now: datetime,
    keep_days: float,
    problem: tuple[str, str] | None = None,
) -> None:
    """End a leased job, and tell webhooks of it.

    Parameters
    ----------
    connection : of the unit.
    job : as it stands, with the lease.
    state : how it ended.
    now : the present.
    keep_days : how long it is kept from now on, days.
    problem : kind and detail of why it failed.

    Raises
    ------
    LeaseLost
        If the lease is lost.
    """
    kind, detail = problem or (None, None)
    values: dict[str, Any] = {"problem_kind": kind, "problem_detail": detail}
    if state == "done":
        values |= {"progress": 1.0, "rows_total": job.rows_done}
    _change(connection, job, {**values, **_ended(state, now=now, keep_days=keep_days)})
    _tell(connection, replace(job, state=state), at=now)


def cancel(connection: Connection, job_id: str, *, now: datetime, keep_days: float) -> Job | None:
    """End a job that is under way; one that has ended stays as it is.

    Returns
    -------
    Job or None
        The job as it stands then; None where there is none.
    """
    changed = connection.execute(
        update(JOBS)
        .where(JOBS.c.job_id == job_id, JOBS.c.state.in_(UNDER_WAY))
        .values(_ended("cancelled", now=now, keep_days=keep_days))
    )
    job = job_of(connection, job_id)
    if changed.rowcount == 1 and job is not None:
        _tell(connection, job, at=now)
    return job


def _is_received(now: datetime) -> ColumnElement[bool]:
    return and_(JOBS.c.state == "receiving", JOBS.c.lease_until > now)


def _ended(state: JobState, *, now: datetime, keep_days: float) -> dict[str, Any]:
    return {
        "state": state,
        "finished_at": now,
        "expires_at": now + timedelta(days=keep_days),
        "lease_owner": None,
        "lease_until": None,
    }


def _change(connection: Connection, job: Job, values: dict[str, Any]) -> None:
    """Change a job if it is still as its lease holder believes."""
    changed = connection.execute(
        update(JOBS)
        .where(
            JOBS.c.job_id == job.job_id,
            JOBS.c.state == "running",
            JOBS.c.lease_owner == job.lease_owner,
            JOBS.c.next_chunk == job.next_chunk,
            JOBS.c.erasures == job.erasures,
        )
        .values(values)
    )
    if changed.rowcount != 1:
        raise LeaseLost


def _tell(connection: Connection, job: Job, *, at: datetime) -> None:
    told = {name: getattr(job, name) for name in ("job_id", "state", "rows_done", "rows_failed")}
    enqueue(connection, kind="job.finished", data=told, at=at)


def _read(row: Any) -> Job:
    read = {each.name: getattr(row, each.name) for each in fields(Job)}
    read |= {name: tuple(json.loads(read[name])) for name in _AS_JSON}
    read["place"] = None if row.place is None else json.loads(row.place)
    return Job(**read)
