"""Score customers again as soon as there is news of them, beside the requests.

Who waits is in the database, taken on lease: a process that is killed loses nobody, and several
processes share the work. The answer goes into the log in the unit that ends the wait, so that
nobody is scored twice for the same news.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from ebbtide.store.histories import Histories
from ebbtide.store.rescore_queue import (
    count_waiting,
    release_customers,
    return_customers,
    still_held,
    take_customers,
)
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of
from service.problems import Problem
from service.recording.known_now import known_now
from service.scoring.answering import answer_request
from service.scoring.row import Row
from service.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.rescore_queue import Waiting
    from ebbtide.store.store import Prediction
    from service.desk import Desk
    from service.recording.known_now import Known

_LOG = structlog.get_logger("ebbtide.rescorer")

_AT_ONCE = 16  # customers taken together: one wait for the disk, and nobody waits long
_AGAIN_SECONDS = 5.0
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one customer: an entry of the log, or the status that is counted instead."""

    taken: Waiting
    status: str
    entry: Prediction | None = None


class Rescorer:
    """Takes customers with news and records new answers about them, in a thread of its own.

    Parameters
    ----------
    desk : as the endpoints have it; its ``news`` wakes the thread.
    poll_seconds : how often to look for customers whose news came to another process, seconds.
    """

    def __init__(self, desk: Desk, *, poll_seconds: float) -> None:
        # Turns of its own: requests with events must not keep it waiting, nor it them.
        self._desk = replace(desk, event_turns=Turns(at_once=1, wait_seconds=0.0))
        self._poll_seconds = poll_seconds
        self._histories = Histories(desk.store.database)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="rescorer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; who is being scored is finished first."""
        self._stopping.set()
        self._desk.news.set()
        if self._thread is not None:
            self._thread.join()

    def rescore_some(self) -> int:
        """Score some of those who wait; return how many were taken.

        Raises
        ------
        StoreUnavailable
            If the database fails; who was taken waits until the lease ends.
        """
        served = self._desk.supply.current
        if served is None or not self._count():
            return 0
        lease = uuid4().hex
        taken = self._take(lease)
        if not taken:
            return 0
        outcomes = self._answered(taken, bundle=served.bundle)
        now = self._desk.now()
        unit = partial(self._record, lease=lease, outcomes=outcomes, now=now)
        recorded = self._desk.store.database.write(unit, deed="record the new scores")
        metrics = self._desk.metrics
        for each in recorded:
            metrics.rescored.labels(status=each.status).inc()
            if each.entry is not None:
                metrics.rescore_lag.observe((now - each.taken.since).total_seconds())
        return len(taken)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._desk.news.clear()
            try:
                worked = self.rescore_some()
            except StoreUnavailable:
                worked = 0
            except Exception as err:  # no error may end the thread
                _LOG.error("rescoring_failed", error=type(err).__name__, at=place_of(err))
                worked = 0
            if not worked:
                self._desk.news.wait(self._poll_seconds)

    def _count(self) -> int:
        with self._desk.store.database.read("look for customers with news") as connection:
            waiting = count_waiting(connection)
        self._desk.metrics.rescore_queue.set(waiting)
        return waiting

    def _take(self, lease: str) -> list[Waiting]:
        now = self._desk.now()
        unit = partial(
            take_customers,
            lease=lease,
            now=now,
            until=now + timedelta(seconds=self._desk.settings.rescore_lease_seconds),
            at_most=_AT_ONCE,
        )
        return self._desk.store.database.write(unit, deed="take customers with news")

    def _answered(self, taken: Sequence[Waiting], *, bundle: Bundle) -> list[_Outcome]:
        """Answer about customers; what one of them breaks is no other's loss."""
        try:
            return self._scored(taken, bundle=bundle)
        except StoreUnavailable:
            raise
        except Exception as err:  # of any kind: the others are to be scored
            if len(taken) == 1:  # no traceback: it may quote the customer's rows
                _LOG.error("rescoring_failed", error=type(err).__name__, at=place_of(err))
                return [_Outcome(taken=taken[0], status="failed")]
            return [each for one in taken for each in self._answered([one], bundle=bundle)]

    def _scored(self, taken: Sequence[Waiting], *, bundle: Bundle) -> list[_Outcome]:
        desk, now = self._desk, self._desk.now()
        ids = [each.customer_id for each in taken]
        with desk.store.database.read("read what is known of customers") as connection:
            known = known_now(
                connection,
                ids,
                histories=self._histories,
                bundle=bundle,
                now=now,
                valid_days=desk.settings.history_valid_days,
            )
        able = [each for each in taken if each.customer_id in known]
        rows = [_row_of(each.customer_id, known[each.customer_id]) for each in able]
        answered = answer_request(rows, desk=desk, bundle=bundle, now=now, language="en")
        entries = iter(answered.entries)
        scored = {
            each.customer_id: _Outcome(taken=each, status="failed")
            if isinstance(result, Problem)
            else _Outcome(taken=each, status=result.status, entry=next(entries))
            for each, result in zip(able, answered.results, strict=True)
        }
        skipped = {
            each.customer_id: _Outcome(taken=each, status="skipped")
            for each in taken
            if each.customer_id not in known
        }
        return list((scored | skipped).values())

    def _record(
        self, connection: Connection, *, lease: str, outcomes: Sequence[_Outcome], now: datetime
    ) -> list[_Outcome]:
        """Record the answers about those who are still ours, and let them go."""
        ours = still_held(connection, lease)
        final = [
            each
            for each in outcomes
            if each.taken.customer_id in ours
            and (each.status != "failed" or each.taken.attempts >= _ATTEMPTS)
        ]
        entries = [each.entry for each in final if each.entry is not None]
        self._desk.store.add_predictions(connection, entries, at=now)
        release_customers(connection, [each.taken for each in final], lease=lease)
        again = now + timedelta(seconds=_AGAIN_SECONDS)
        return_customers(connection, lease=lease, not_before=again)
        return final


def _row_of(customer_id: str, known: Known) -> Row:
    """Return the row of a request that brings all that is known of a customer."""
    return Row(
        customer_id=customer_id,
        as_of=known.as_of,
        value=None,
        contact_opt_out=False,
        with_interval=False,
        features=None,
        events=known.rows,
    )
