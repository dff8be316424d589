"""What works beside the requests: began with the app, and ended before its store is closed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Protocol

from service.access.uses import KeyUses
from service.janitor import Janitor
from service.jobs.workers import JobWorkers
from service.monitoring.queues import QueueCount
from service.monitoring.watch import DriftWatch
from service.recording.rescorer import Rescorer
from service.spool.replay import Replay
from service.webhooks.announcer import Announcer
from service.webhooks.dispatcher import Dispatcher
from service.webhooks.sending import Sender, web_client

if TYPE_CHECKING:
    from service.desk import Desk


class Background(Protocol):
    """A part of the service with threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; return when nothing runs any more."""


def background_of(desk: Desk) -> list[Background]:
    """Return what works beside the requests, in the order in which it begins."""
    settings, database = desk.settings, desk.store.database
    return [
        desk.supply,
        Replay(desk.spool, desk.store, now=desk.now),
        Dispatcher(
            database=database,
            sender=Sender(client=web_client(), allow_private=settings.webhook_allow_private),
            now=desk.now,
            poll_seconds=settings.webhook_poll_seconds,
            random=random.random,
        ),
        Rescorer(desk, poll_seconds=settings.rescore_poll_seconds),
        JobWorkers(desk),
        Janitor(desk),
        KeyUses(desk.gate),
        DriftWatch(desk),
        QueueCount(desk),
        Announcer(desk, poll_seconds=settings.champion_poll_seconds),
    ]
