"""Count now and then what waits in the store: jobs, and messages of webhooks.

It is not counted while ``/metrics`` is read: that has to answer though the store does not.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select

from ebbtide.store.schema.jobs import JOBS
from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of

if TYPE_CHECKING:
    from service.desk import Desk

_LOG = structlog.get_logger("ebbtide.monitoring")
_POLL_SECONDS = 10.0


class QueueCount:
    """Counts in a thread of its own.

    Parameters
    ----------
    desk : of the app.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to count."""
        self._thread = threading.Thread(target=self._run, name="queues", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def count(self) -> None:
        """Count once.

        Raises
        ------
        StoreUnavailable
            If the store cannot be read; the counts stay as they were.
        """
        jobs = select(func.count()).select_from(JOBS).where(JOBS.c.state == "queued")
        messages = (
            select(func.count())
            .select_from(WEBHOOK_DELIVERIES)
            .where(WEBHOOK_DELIVERIES.c.state == "waiting")
        )
        with self._desk.store.database.read("count what waits") as connection:
            waiting = [connection.scalar(query) or 0 for query in (jobs, messages)]
        metrics = self._desk.metrics
        metrics.job_queue.set(waiting[0])
        metrics.message_queue.set(waiting[1])

    def _run(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            try:
                self.count()
            except StoreUnavailable:
                pass  # readiness tells of it
            except Exception as err:  # no error may end the thread
                _LOG.error("counting_failed", error=type(err).__name__, at=place_of(err))
