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
from service.memory import give_back_freed
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
            try:
                has_worked = work_once(work)
            except Exception as err:  # no error may end the thread
                _LOG.error("job_failed_unexpectedly", error=type(err).__name__, at=place_of(err))
                has_worked = False
            if has_worked:
                give_back_freed()
            else:
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
        if job is None:
            return False
        while job is not None:
            job = _worked_on(work, job)
    except (Stopped, StoreUnavailable, LeaseLost):
        return False
    return True


def _worked_on(work: Work, job: Job) -> Job | None:
    """Work on a job; return it as it stands if it is to be gone on with, without the erased."""
    try:
        work.on(job)
    except LeaseLost:
        return _still_ours(work, job)
    except ContentGone:
        return None  # cancelled
    except Stopped:
        raise
    except StoreUnavailable:
        _LOG.warning("job_waits_for_store")
        _give_back(work, job)
        raise
    except Exception as err:
        _LOG.error("job_failed_unexpectedly", error=type(err).__name__, at=place_of(err))
        found = _still_ours(work, job)
        if found is not None:
            work.end(found, state="failed", problem=_INTERNAL)
    return None


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


def _give_back(work: Work, job: Job) -> None:
    """Let a job wait for a worker again at once; if that cannot be kept, its lease will end."""
    found = _still_ours(work, job)
    if found is not None:
        work.desk.store.database.write(partial(jobs.release, job=found), deed="give a job back")


_INTERNAL = Problem(
    kind="internal",
    detail="Something went wrong in the service; the file itself may be fine. Try again, and tell "
    "the operator the time if it goes on.",
)
