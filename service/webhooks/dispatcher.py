"""Deliver what is in the outbox, again and again until it has arrived or is given up.

At least once: who is killed between sending and noting sends again, under the same message id. The
order is not promised. One webhook that is slow or dead holds one worker at most.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.outbox import enqueue
from ebbtide.store.store import StoreUnavailable
from ebbtide.store.webhooks import (
    change_webhook,
    is_any_due,
    lease_due,
    note_delivered,
    note_failed,
)
from service.edge import place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.store.database import Database
    from ebbtide.store.webhooks import Due
    from service.webhooks.sending import Outcome, Sender

_LOG = structlog.get_logger("ebbtide.webhooks")

RETRY_AFTER_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pauses between attempts; after the last one has failed too, a delivery is given up. The schedule
is the one that the Standard Webhooks specification suggests."""

_JITTER = 0.1
_LEASE_SECONDS = 60.0
_WORKERS = 16
_GIVE_UP_AFTER = timedelta(days=5)
_GONE = 410


class Dispatcher:
    """Delivers in threads of its own.

    Parameters
    ----------
    database : with the outbox.
    sender : sends one message once.
    now : the present.
    poll_seconds : how often the outbox is looked at, seconds.
    random : a number in [0, 1), for the jitter of the pauses.
    """

    def __init__(
        self,
        *,
        database: Database,
        sender: Sender,
        now: Callable[[], datetime],
        poll_seconds: float,
        random: Callable[[], float],
    ) -> None:
        self._database = database
        self._sender = sender
        self._now = now
        self._poll_seconds = poll_seconds
        self._random = random
        self._stopping = threading.Event()
        self._awake = threading.Event()  # somebody is free again, so that more can be sent
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="webhook")
        self._under_way: set[str] = set()
        self._noting = threading.Lock()

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what is being sent is finished first."""
        self._stopping.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._sender.client.close()

    def take(self) -> list[Due]:
        """Lease what is due, for as many workers as are free."""
        with self._noting:
            busy = frozenset(self._under_way)
        free = _WORKERS - len(busy)
        if free <= 0:
            return []
        with self._database.read("look for webhooks that are due") as connection:
            if not is_any_due(connection, now=self._now()):
                return []  # and nobody who writes has to wait for this
        taken = self._database.write(
            partial(
                lease_due,
                now=self._now(),
                lease_seconds=_LEASE_SECONDS,
                at_most=free,
                busy=busy,
            ),
            deed="look for webhooks that are due",
        )
        with self._noting:
            self._under_way.update(due.webhook.webhook_id for due in taken)
        return taken

    def deliver(self, due: Due) -> None:
        """Try one delivery, and note what became of it."""
        try:
            outcome = self._sender.send(due, now=self._now())
            self._database.write(
                partial(self._note, due=due, outcome=outcome), deed="note a delivery"
            )
        except StoreUnavailable:
            _LOG.warning("delivery_not_noted")  # the lease ends, and it is sent again
        except Exception as err:  # likewise; in a pool nobody would hear of it
            _LOG.error("delivering_failed", error=type(err).__name__, at=place_of(err))
        finally:
            with self._noting:
                self._under_way.discard(due.webhook.webhook_id)
            self._awake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                taken = self.take()
            except StoreUnavailable:
                taken = []
            except Exception as err:  # no error may end the thread
                _LOG.error("delivering_failed", error=type(err).__name__, at=place_of(err))
                taken = []
            for due in taken:
                self._pool.submit(self.deliver, due)
            if not taken:
                self._awake.wait(self._poll_seconds)
                self._awake.clear()

    def _note(self, connection: Connection, *, due: Due, outcome: Outcome) -> None:
        now = self._now()
        if outcome.error is None:
            assert outcome.status is not None
            note_delivered(connection, due, now=now, status=outcome.status)
            return
        note_failed(
            connection,
            due,
            now=now,
            status=outcome.status,
            error=outcome.error,
            next_at=self._next_at(due.attempts, now),
        )
        since = due.webhook.failing_since
        if outcome.status == _GONE:
            self._disable(connection, due, because="gone")
        elif since is not None and now - since > _GIVE_UP_AFTER:
            self._disable(connection, due, because="failing")

    def _disable(self, connection: Connection, due: Due, *, because: str) -> None:
        webhook_id = due.webhook.webhook_id
        change_webhook(connection, webhook_id, {"is_enabled": False, "disabled_because": because})
        enqueue(
            connection,
            kind="alarm.raised",
            data={"alarm": "webhook_disabled", "webhook_id": webhook_id, "because": because},
            at=self._now(),
        )

    def _next_at(self, attempts: int, now: datetime) -> datetime | None:
        if attempts >= len(RETRY_AFTER_SECONDS):
            return None
        pause = RETRY_AFTER_SECONDS[attempts] * (1 + _JITTER * self._random())
        return now + timedelta(seconds=pause)
