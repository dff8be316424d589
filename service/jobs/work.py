"""Work on one leased job: read a chunk, answer it, commit it, go on.

Results, entries of the log and progress of a chunk are committed in one unit, which is refused if
the lease is lost. So a process that dies at any point has either kept a chunk as a whole or not at
all, and the next one goes on behind what was kept. Nothing else of a job is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from ebbtide.store import jobs
from ebbtide.store.job_content import drop_left_content, packed
from ebbtide.store.job_erasure import barred
from service.jobs.answering import AnsweredRows, answer_job_rows
from service.jobs.reading.chunk import FileUnreadable
from service.jobs.reading.open import open_chunks
from service.problems import Problem
from service.scoring.overtaken import is_overruled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ebbtide.store.jobs import Job
    from service.desk import Desk
    from service.jobs.reading.chunk import Chunk

SLICE_ROWS = 25
"""Rows that are answered at one go; between them others get their turn."""

PAUSE_SHARE = 0.25
"""How long a pause is, as a share of the work before it."""

MAX_LEASES_IN_VAIN = 5
"""How often a job may be begun without getting a chunk further; then it has crashed them all."""

_MAX_PAUSE_SECONDS = 0.1


class Stopped(Exception):
    """The worker is to end; the job goes on elsewhere."""


class Overruled(jobs.LeaseLost):
    """A customer has opted out since the answer about them was begun; the chunk was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One worker's way of working on jobs.

    Parameters
    ----------
    desk : store, model supply, policy, settings and clock.
    pause : sleeps for some seconds.
    is_stopping : whether the worker is to end.
    """

    desk: Desk
    pause: Callable[[float], None]
    is_stopping: Callable[[], bool] = lambda: False

    def on(self, job: Job) -> None:
        """Work on a job until it ends.

        Parameters
        ----------
        job : leased by this worker.

        Raises
        ------
        LeaseLost
            If it is another's now, was cancelled, or a customer of it was erased meanwhile.
        ContentGone
            If its file was deleted meanwhile.
        Stopped
            If the worker is to end; the lease was given back.
        StoreUnavailable
            If the store fails; what was kept is kept.
        """
        if job.leases_in_vain > MAX_LEASES_IN_VAIN:
            self.end(job, state="failed", problem=_CRASHES)
            return
        features = self.desk.served().bundle.scorer.features
        database, settings = self.desk.store.database, self.desk.settings
        try:
            for chunk in open_chunks(job, database=database, features=features, settings=settings):
                self._check_rows(job, chunk)
                job = self._chunk_kept(job, chunk)
        except FileUnreadable as err:
            self.end(job, state="failed", problem=err.problem)
            return
        self.end(job, state="done")

    def end(
        self, job: Job, *, state: Literal["done", "failed"], problem: Problem | None = None
    ) -> None:
        """End a job that this worker has leased, and delete its file."""
        desk = self.desk
        desk.store.database.write(
            partial(
                jobs.end,
                job=job,
                state=state,
                now=desk.now(),
                keep_days=desk.settings.job_retention_days,
                problem=None if problem is None else (problem.kind, problem.detail),
            ),
            deed="end a job",
        )
        desk.metrics.jobs.labels(state=state).inc()
        drop_left_content(desk.store.database)

    def _check_rows(self, job: Job, chunk: Chunk) -> None:
        most = self.desk.settings.max_job_rows
        if job.source != "stored" and job.rows_done + len(chunk.rows) > most:
            raise FileUnreadable(
                f"Expected at most {most} rows, but the file has more. Split it over several jobs."
            )

    def _chunk_kept(self, job: Job, chunk: Chunk) -> Job:
        """Commit a chunk; where a customer has decided otherwise meanwhile, answer it anew."""
        try:
            return self._chunk_done(job, chunk)
        except Overruled:
            return self._chunk_done(job, chunk)

    def _chunk_done(self, job: Job, chunk: Chunk) -> Job:
        """Answer a chunk with one model, and commit it."""
        desk, served, began = self.desk, self.desk.served(), job
        with desk.store.database.read("look up erasures") as connection:
            left_out = barred(connection, job.job_id) if job.erasures else frozenset()
        answered = list[AnsweredRows]()
        for start in range(0, len(chunk.rows), SLICE_ROWS):
            job = self._renewed(job)
            since = perf_counter()
            answered.append(
                answer_job_rows(
                    chunk.rows[start : start + SLICE_ROWS],
                    first_row=job.rows_done + start + 1,
                    job=job,
                    barred=left_out,
                    desk=desk,
                    bundle=served.bundle,
                    now=desk.now(),
                )
            )
            self.pause(min(_MAX_PAUSE_SECONDS, PAUSE_SHARE * (perf_counter() - since)))
        entries = [entry for each in answered for entry in each.entries]
        statuses = [status for each in answered for status in each.statuses]
        became = replace(
            job,
            place=chunk.after,
            progress=chunk.progress,
            rows_done=job.rows_done + len(chunk.rows),
            rows_failed=job.rows_failed + statuses.count("failed"),
            rows_total=chunk.rows_total,
            model_versions=_with(job.model_versions, served.bundle.version),
            policy_versions=_with(job.policy_versions, desk.policy.version),
        )
        results = packed(b"".join(line for each in answered for line in each.lines))

        def unit(connection: Connection) -> Job:
            if is_overruled(connection, entries, policy=desk.policy):
                raise Overruled
            kept = jobs.keep_chunk(connection, began, became=became, results=results)
            desk.store.add_predictions(connection, entries, at=desk.now())
            return kept

        kept = desk.store.database.write(unit, deed="keep the results of a job")
        for status in statuses:
            desk.metrics.rows.labels(status=status).inc()
        for kind in (kind for each in answered for kind in each.problems):
            desk.metrics.problems.labels(kind=kind).inc()
        return kept

    def _renewed(self, job: Job) -> Job:
        """Return the job with a lease that lasts, or give it back if the worker is to end."""
        database = self.desk.store.database
        if self.is_stopping():
            database.write(partial(jobs.release, job=job), deed="give a job back")
            raise Stopped
        now, seconds = self.desk.now(), self.desk.settings.job_lease_seconds
        if job.lease_until is not None and job.lease_until - now > timedelta(seconds=seconds / 2):
            return job
        until = now + timedelta(seconds=seconds)
        database.write(partial(jobs.renew, job=job, until=until), deed="renew a lease")
        return replace(job, lease_until=until)


def _with(versions: tuple[str, ...], version: str) -> tuple[str, ...]:
    return versions if version in versions else (*versions, version)


_CRASHES = Problem(
    kind="internal",
    detail="The process that worked on this job ended each time at the same place. Tell the "
    "operator, and try again without the rows behind rows_done.",
)
