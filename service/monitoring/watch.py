"""Measure drift every few minutes, and tell webhooks of what has shifted strongly.

It is told once for each model and feature, until that is stable again, or until no process serves
that model any more.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.drift.report import SCORE
from ebbtide.store.alarms import end_unseen, has_unseen, raised_among, set_alarms
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
_UNSEEN_PAUSES, _UNSEEN_SECONDS = 3, 3600.0
"""Looks, and seconds, after which a model's alarms end that no process has seen."""


class DriftWatch:
    """Looks at drift in a thread of its own.

    Parameters
    ----------
    desk : of the app.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pause_seconds = 60 * desk.settings.drift_minutes
        self._unseen_seconds = max(_UNSEEN_PAUSES * self._pause_seconds, _UNSEEN_SECONDS)
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
        version, at = report.model_version, self._desk.now()
        seen_since = at - timedelta(seconds=self._unseen_seconds)
        with self._desk.store.database.read("look for alarms") as connection:
            known = raised_among(connection, stable, about=version)
            is_any_unseen = has_unseen(connection, not_about=version, before=seen_since)
        if raised or known or is_any_unseen:
            unit = partial(tell_of_drift, report=report, seen_since=seen_since, at=at)
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


def tell_of_drift(
    connection: Connection, *, report: Report, seen_since: datetime, at: datetime
) -> None:
    """Keep messages of what has newly shifted strongly, and of what is stable or over.

    As a part of a unit: of many processes that see the same, one tells it.

    Parameters
    ----------
    connection : of the unit.
    report : the newest.
    seen_since : alarms of other models that nobody has seen since then are over.
    at : the present.
    """
    version = report.model_version
    raised, stable = _by_verdict(report)
    known = raised_among(connection, raised | stable, about=version)
    set_alarms(connection, raised, about=version, is_raised=True, at=at)
    set_alarms(connection, stable & known, about=version, is_raised=False, at=at)
    over = end_unseen(connection, not_about=version, before=seen_since, at=at)
    _tell(connection, raised - known, "strongly_shifted", about=version, at=at)
    _tell(connection, stable & known, "stable", about=version, at=at)
    for other, names in over.items():
        _tell(connection, names, "not_served", about=other, at=at)


def _tell(connection: Connection, names: set[str], state: str, *, about: str, at: datetime) -> None:
    if not names:
        return
    is_raised = state == "strongly_shifted"
    enqueue(
        connection,
        kind="alarm.raised" if is_raised else "alarm.cleared",
        data={
            "alarm": "drift",
            "state": state,
            "model_version": about,
            "features": sorted(names),
        },
        at=at,
    )
    _LOG.warning("drift_raised" if is_raised else "drift_cleared", features=sorted(names))


def _by_verdict(report: Report) -> tuple[set[str], set[str]]:
    """Return what has shifted strongly, and what is stable; the rest changes no alarm."""
    verdicts = {_alarm_of(each.name): each.worst for each in report.features}
    verdicts[SCORE] = report.score.worst
    return (
        {name for name, verdict in verdicts.items() if verdict == "strongly_shifted"},
        {name for name, verdict in verdicts.items() if verdict == "stable"},
    )


def _alarm_of(feature: str) -> str:
    """Return the name of a feature's alarm: its own, unless the scores have that."""
    return f"feature {feature}" if feature == SCORE else feature
