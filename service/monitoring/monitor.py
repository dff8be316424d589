"""Measure the served model's answers against its training, now and then, and remember the result.

One measurement runs at a time, whoever asks. It reads the log in parts and rests between them, so
that nobody who is to be scored waits for it: asked for, it takes half of one core at most, and a
twentieth where it is made without anybody waiting, until somebody has to wait for its end.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ebbtide.drift.report import report_on
from ebbtide.drift.window import ANSWERS_READ
from ebbtide.store.feature_sets import FeatureSets
from ebbtide.store.prediction_window import log_parts
from service.memory import give_back_freed
from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from ebbtide.bundle.contents import Bundle
    from ebbtide.drift.report import Report
    from ebbtide.store.database import Database
    from ebbtide.store.prediction_window import LogPart

FRESH_SECONDS = 60.0
USUAL_DAYS = 7
SHARE_ASKED, SHARE_UNASKED = 0.5, 0.05
_MOST_KEPT = 16
_BUSY = Problem(
    kind="busy",
    detail="The log is being measured for somebody else. Try again after Retry-After.",
    retry_after_seconds=5,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A report, and when it was made.

    Parameters
    ----------
    report : what was found.
    computed_at : when, aware.
    """

    report: Report
    computed_at: datetime


class Monitor:
    """Reports of one process. Safe to use from many threads.

    Parameters
    ----------
    database : where the log is.
    now : tells the present.
    clock : seconds that only rise, for the age of a report.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._feature_sets = FeatureSets(database)
        self._now = now
        self._clock = clock
        self._measuring = threading.Lock()
        self._kept: dict[tuple[str, int], tuple[float, Measurement]] = {}
        self._core_share = SHARE_ASKED
        self._stopping = threading.Event()
        self._roused = threading.Event()
        self.newest: Measurement | None = None
        """The newest report on the usual window; what the gauges show."""

    def measured(
        self, bundle: Bundle, *, days: int, core_share: float = SHARE_ASKED
    ) -> Measurement:
        """Return a report that is at most a minute old.

        While another measurement runs, an older report is returned where there is one; where there
        is none, that one goes on with this one's share of a core, if it is more.

        Parameters
        ----------
        bundle : the served model.
        days : how far the window goes back, days.
        core_share : of one core it takes at most, in (0, 1].

        Raises
        ------
        ProblemError
            If another measurement runs, and there is no older report.
        StoreUnavailable
            If the log cannot be read.
        """
        key = (bundle.version, days)
        made_at, kept = self._kept.get(key, (0.0, None))
        if kept is not None and self._clock() - made_at < FRESH_SECONDS:
            return kept
        if not self._measuring.acquire(blocking=False):
            if kept is None:
                self._core_share = max(self._core_share, core_share)
                self._roused.set()
                raise ProblemError(_BUSY)
            return kept
        try:
            self._core_share = core_share
            return self._measure(bundle, days, key)
        finally:
            self._measuring.release()
            give_back_freed()

    def stop(self) -> None:
        """End a measurement that runs; what it was made for fails."""
        self._stopping.set()
        self._roused.set()

    def _measure(self, bundle: Bundle, days: int, key: tuple[str, int]) -> Measurement:
        until = self._now()
        since = until - timedelta(days=days)
        parts = log_parts(
            self._database,
            self._feature_sets,
            model_version=bundle.version,
            since=since,
            until=until,
            answers_of_first=2 * ANSWERS_READ,
        )
        report = report_on(bundle, self._at_ease(parts), since=since, until=until)
        made = Measurement(report=report, computed_at=until)
        self._kept[key] = (self._clock(), made)
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        if days == USUAL_DAYS:
            self.newest = made
        return made

    def _at_ease(self, parts: Iterable[LogPart]) -> Iterator[LogPart]:
        """Yield parts, and rest after each for as long as keeps to the share of a core."""
        busy_since = time.thread_time()
        for part in parts:
            yield part
            self._rest(time.thread_time() - busy_since)
            if self._stopping.is_set():
                raise ProblemError(_BUSY)
            busy_since = time.thread_time()

    def _rest(self, busy_seconds: float) -> None:
        """Wait; for how long is asked again whenever the share may have changed."""
        since = time.monotonic()
        while not self._stopping.is_set():
            self._roused.clear()
            rest = busy_seconds * (1 / self._core_share - 1) - (time.monotonic() - since)
            if rest <= 0 or self._stopping.is_set():
                return
            self._roused.wait(rest)
