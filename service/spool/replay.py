"""Bring spooled answers into the log when it can be written again, beside the requests."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from ebbtide.store.schema.scores import PREDICTIONS
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.store.spool import Spool
    from ebbtide.store.sql import SqlStore
    from ebbtide.store.store import Prediction

_LOG = structlog.get_logger("ebbtide.spool")
_AT_ONCE = 200
_POLL_SECONDS = 1.0


class Replay:
    """Empties the spool in a thread of its own.

    Parameters
    ----------
    spool : of this process.
    store : whose log takes the answers.
    now : tells the present.
    poll_seconds : how often it is tried, seconds.
    """

    def __init__(
        self,
        spool: Spool,
        store: SqlStore,
        *,
        now: Callable[[], datetime],
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._spool = spool
        self._store = store
        self._now = now
        self._poll_seconds = poll_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what a process left that is gone comes first."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what still waits stays in its file for the next process."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._try()
        self._spool.close()

    def replay(self) -> None:
        """Bring everything into the log, once.

        Raises
        ------
        StoreUnavailable
            If the log cannot be written; what waits goes on waiting.
        """
        damaged = self._spool.take_over(self._keep, at_once=_AT_ONCE)
        if damaged:
            _LOG.error("spool_damaged", answers_lost=damaged)
        self._spool.drain(self._keep, at_once=_AT_ONCE)

    def _keep(self, entries: Sequence[Prediction]) -> None:
        self._store.database.write(
            partial(self._keep_new, entries=entries), deed="record the spooled answers"
        )

    def _keep_new(self, connection: Connection, *, entries: Sequence[Prediction]) -> None:
        """Add those that are not there: a process may have been killed after the last time."""
        ids = [entry.answer.prediction_id for entry in entries]
        query = select(PREDICTIONS.c.prediction_id).where(PREDICTIONS.c.prediction_id.in_(ids))
        known = set(connection.scalars(query))
        new = [entry for entry in entries if entry.answer.prediction_id not in known]
        self._store.add_predictions(connection, new, at=self._now())

    def _run(self) -> None:
        while True:
            self._try()
            if self._stopping.wait(self._poll_seconds):
                return

    def _try(self) -> None:
        try:
            self.replay()
        except (StoreUnavailable, OSError) as err:
            _LOG.warning("answers_stay_in_the_spool", reason=type(err).__name__)
        except Exception as err:  # no error may end the thread: more answers may come
            _LOG.error("answers_stay_in_the_spool", reason=type(err).__name__, at=place_of(err))
