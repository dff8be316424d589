"""Measure drift every few minutes, and tell webhooks of what has shifted strongly.

It is told once for each model and feature, until that is stable again.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.alarms import raised_among, set_alarms
from ebbtide.store.outbox import enqueue
from ebbtide.store.store import StoreUnavailable
from service.edge import place_of
from service.monitoring.monitor import SHARE_UNASKED, USUAL_DAYS
from service.problems import ProblemError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.drift.report import Report
    from service.desk import Desk

_LOG = structlog.get_logger("ebbtide.monitoring")
_FIRST_AFTER_SECONDS = 30.0


class DriftWatch:
    """Looks at drift in a thread of its own.

    Parameters
    ----------
    desk : of the app.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pause_seconds = 60 * desk.settings.drift_minutes
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="drift", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and give up what is being measured."""
        self._stopping.set()
        self._desk.monitor.stop()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Look once.

        Raises
        ------
        StoreUnavailable
            If the store fails.
        ProblemError
            If another measurement runs.
        """
        served = self._desk.supply.current
        if served is None:
            return
        report = self._desk.monitor.measured(
            served.bundle, days=USUAL_DAYS, core_share=SHARE_UNASKED
        ).report
        raised, stable = _by_verdict(report)
        with self._desk.store.database.read("look for alarms") as connection:
            known = raised_among(connection, raised | stable, about=report.model_version)
        if raised - known or stable & known:
            unit = partial(tell_of_drift, report=report, at=self._desk.now())
            self._desk.store.database.write(unit, deed="tell of drift")

    def _run(self) -> None:
        pause = min(_FIRST_AFTER_SECONDS, self._pause_seconds)
        while not self._stopping.wait(pause):
            pause = self._pause_seconds
            try:
                self.look()
            except (StoreUnavailable, ProblemError) as err:
                _LOG.warning("drift_not_measured", reason=type(err).__name__)
            except Exception as err:  # no error may end the thread
                _LOG.error("drift_not_measured", error=type(err).__name__, at=place_of(err))


def tell_of_drift(connection: Connection, *, report: Report, at: datetime) -> None:
    """Keep messages of what has newly shifted strongly, and of what is stable again.

    As a part of a unit: of many processes that see the same, one tells it.

    Parameters
    ----------
    connection : of the unit.
    report : the newest.
    at : the present.
    """
    version = report.model_version
    raised, stable = _by_verdict(report)
    known = raised_among(connection, raised | stable, about=version)
    for names, is_raised in ((raised - known, True), (stable & known, False)):
        if not names:
            continue
        set_alarms(connection, names, about=version, is_raised=is_raised, at=at)
        enqueue(
            connection,
            kind="alarm.raised" if is_raised else "alarm.cleared",
            data={
                "alarm": "drift",
                "state": "strongly_shifted" if is_raised else "stable",
                "model_version": version,
                "features": sorted(names),
            },
            at=at,
        )
        _LOG.warning("drift_raised" if is_raised else "drift_cleared", features=sorted(names))


def _by_verdict(report: Report) -> tuple[set[str], set[str]]:
    """Return what has shifted strongly, and what is stable; the rest changes no alarm."""
    verdicts = {each.name: each.worst for each in (report.score, *report.features)}
    return (
        {name for name, verdict in verdicts.items() if verdict == "strongly_shifted"},
        {name for name, verdict in verdicts.items() if verdict == "stable"},
    )
