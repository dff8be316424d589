"""The threads that work on jobs, started and ended with the service."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from ebbtide.store import jobs
from ebbtide.store.job_content import ContentGone
from ebbtide.store.jobs import LeaseLost
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of
from service.jobs.work import Stopped, Work
from service.problems import Problem
from service.turns import Turns

if TYPE_CHECKING:
    from ebbtide.store.jobs import Job
    from service.desk import Desk

_LOG = structlog.get_logger("ebbtide.jobs")
_JOIN_SECONDS = 10.0
_TURN_SECONDS = 600.0


class JobWorkers:
    """Works on jobs in threads of its own, as many as the settings say.

    Computations from events wait for turns of their own here, so that those of requests find
    theirs free.

    Parameters
    ----------
    desk : store, model supply, policy, settings and clock.
    """

    def __init__(self, desk: Desk) -> None:
        count = desk.settings.job_workers
        turns = Turns(at_once=max(1, count), wait_seconds=_TURN_SECONDS)
        self._desk = replace(desk, event_turns=turns)
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"job-worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        """Begin to look for jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Give the jobs under way back, and end."""
        self._ending.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        work = Work(desk=self._desk, pause=self._pause, is_stopping=self._ending.is_set)
        while not self._ending.is_set():
            if not work_once(work):
                self._ending.wait(self._desk.settings.job_poll_seconds)

    def _pause(self, seconds: float) -> None:
        self._ending.wait(seconds)


def work_once(work: Work) -> bool:
    """Take the job that has waited longest and work on it; return whether there was one.

    What goes wrong is logged, without a message, which might hold what a customer sent. If the
    store fails, the job waits; a defect of ours ends it.

    Parameters
    ----------
    work : how.
    """
    if work.desk.supply.current is None:
        return False
    try:
        job = _leased(work)
        while job is not None:
            try:
                work.on(job)
            except LeaseLost:
                job = _still_ours(work, job)
            except Exception as err:
                _gave_up(work, job, err)
                raise
            else:
                return True
    except (ContentGone, LeaseLost):
        return True  # cancelled, or another's
    except (Stopped, StoreUnavailable):
        return False
    except Exception:
        return True
    return False


def _leased(work: Work) -> Job | None:
    desk = work.desk
    lease = partial(
        jobs.lease,
        owner=uuid4().hex,
        now=desk.now(),
        lease_seconds=desk.settings.job_lease_seconds,
    )
    return desk.store.database.write(lease, deed="take a job")


def _still_ours(work: Work, job: Job) -> Job | None:
    """Return the job as it stands now, if only a customer of it was erased."""
    with work.desk.store.database.read("look up a job") as connection:
        found = jobs.job_of(connection, job.job_id)
    is_ours = found is not None and found.lease_owner == job.lease_owner
    return found if is_ours else None


def _gave_up(work: Work, job: Job, err: Exception) -> None:
    """Let a job on which we came to grief wait again, or end it."""
    if isinstance(err, Stopped | ContentGone):
        return
    found = _still_ours(work, job)
    if found is None:
        return
    if isinstance(err, StoreUnavailable):
        _LOG.warning("job_waits_for_store")
        work.desk.store.database.write(partial(jobs.release, job=found), deed="give a job back")
        return
    _LOG.error("job_failed_unexpectedly", error=type(err).__name__, at=place_of(err))
    work.end(found, state="failed", problem=_INTERNAL)


_INTERNAL = Problem(
    kind="internal",
    detail="Something went wrong in the service; the file itself may be fine. Try again, and tell "
    "the operator the time if it goes on.",
)
