"""Notice what webhooks are told of the service itself: another model, and whether it is well."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.outbox import enqueue_change
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of
from service.health.routes import readiness

if TYPE_CHECKING:
    from service.desk import Desk

_LOG = structlog.get_logger("ebbtide.webhooks")


class Announcer:
    """Looks at the service every few seconds, and keeps a message when something has changed.

    Parameters
    ----------
    desk : of the app.
    poll_seconds : how often it looks, seconds.
    """

    def __init__(self, desk: Desk, *, poll_seconds: float) -> None:
        self._desk = desk
        self._poll_seconds = poll_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: tuple[str | None, str] | None = None
        self._told: tuple[str | None, str] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Look once; the store is written to only where this process sees something new."""
        state = readiness(self._desk)
        seen = (state.model_version, state.state)
        is_steady, self._before = seen == self._before, seen
        if seen == self._told or not is_steady:
            return  # known; or seen for the first time, and perhaps gone at the next look
        served, at, database = (
            self._desk.supply.current,
            self._desk.now(),
            self._desk.store.database,
        )
        if served is not None:
            database.write(
                partial(
                    enqueue_change,
                    subject="model",
                    now_is=served.bundle.version,
                    kind="model.promoted",
                    data={
                        "model_version": served.bundle.version,
                        "registry_version": served.registry_version,
                    },
                    at=at,
                ),
                deed="tell of the model",
            )
        database.write(
            partial(
                enqueue_change,
                subject="readiness",
                now_is=state.state,
                kind="alarm.cleared" if state.state == "ready" else "alarm.raised",
                data={"alarm": "readiness", "state": state.state, "reasons": state.reasons},
                at=at,
            ),
            deed="tell of the service",
        )
        self._told = seen

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except StoreUnavailable:
                pass  # what cannot be kept now is seen at the next look
            except Exception as err:  # no error may end the thread
                _LOG.error("looking_failed", error=type(err).__name__, at=place_of(err))
            self._stopping.wait(self._poll_seconds)
