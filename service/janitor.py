"""Delete what has been kept long enough, every hour, beside the requests."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.job_content import expire_jobs
from ebbtide.store.retention import TOPICS, delete_old
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of

if TYPE_CHECKING:
    from service.desk import Desk

_LOG = structlog.get_logger("ebbtide.janitor")
_PAUSE_SECONDS = 3_600.0


class Janitor:
    """Tidies up in a thread of its own.

    Parameters
    ----------
    desk : of the app.
    pause_seconds : between two rounds, seconds.
    """

    def __init__(self, desk: Desk, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._desk = desk
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the part that is being deleted is finished first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def tidy(self) -> dict[str, int]:
        """Go round once; return how many rows went, by table.

        Raises
        ------
        StoreUnavailable
            If the database cannot be written.
        """
        settings, database, now = self._desk.settings, self._desk.store.database, self._desk.now()
        before = {
            topic: now - timedelta(days=getattr(settings, f"keep_{topic}_days")) for topic in TOPICS
        }
        deleted = delete_old(database, before=before)
        jobs = 0
        while gone := database.write(partial(expire_jobs, now=now), deed="delete what is old"):
            jobs += gone
        if jobs:
            deleted["jobs"] = jobs
        for table, count in deleted.items():
            self._desk.metrics.deleted.labels(table=table).inc(count)
        return deleted

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_seconds):
            try:
                deleted = self.tidy()
            except StoreUnavailable as err:
                _LOG.warning("not_tidied", reason=type(err).__name__)
            except Exception as err:  # no error may end the thread: nothing would ever go again
                _LOG.error("tidying_failed", error=type(err).__name__, at=place_of(err))
            else:
                _LOG.info("tidied", **deleted)
