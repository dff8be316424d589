"""Gauges that are read when they are asked for: the model supply, spool and store, drift.

Nothing here touches the database: metrics are read while it does not answer, too.
"""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

    from ebbtide.drift.verdicts import Drift
    from ebbtide.store.database import Database
    from ebbtide.store.spool import Spool
    from service.champion.supply import Served, Supply
    from service.monitoring.monitor import Monitor

VERDICTS = ("stable", "shifted", "strongly_shifted", "too_few")


class SupplyCollector(Collector):
    """Which model is served, since when, and whether the registry answers."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply

    def collect(self) -> Iterable[Metric]:
        """Return the gauges of the moment."""
        served, history = self._supply.current, self._supply.history
        yield GaugeMetricFamily(
            "ebbtide_registry_reachable",
            "Whether the registry answered when it was last asked.",
            value=float(self._supply.is_registry_reachable),
        )
        if history.registry_answered_at is not None:
            yield _instant(
                "ebbtide_registry_answered",
                "When the registry answered last",
                history.registry_answered_at,
            )
        yield CounterMetricFamily(
            "ebbtide_model_swaps",
            "Models taken into service, the first among them.",
            value=history.swaps,
        )
        yield CounterMetricFamily(
            "ebbtide_model_refusals",
            "Models of the registry that were refused.",
            value=history.refusals,
        )
        yield GaugeMetricFamily(
            "ebbtide_champion_refused",
            "Whether the champion that the registry named last is refused.",
            value=float(history.is_refused),
        )
        yield GaugeMetricFamily(
            "ebbtide_model_served", "Whether a model is being served.", value=float(bool(served))
        )
        yield GaugeMetricFamily(
            "ebbtide_last_verified_served",
            "Whether the model is the last verified one from disk, not confirmed by the registry.",
            value=float(served is not None and served.source == "last_verified"),
        )
        if served is not None:
            yield from _of_model(served)


def _of_model(served: Served) -> Iterator[Metric]:
    yield _instant(
        "ebbtide_model_loaded", "When the model was taken into service", served.loaded_at
    )
    dates = {
        "trained": ("As of when the model was trained", _trained_as_of(served)),
        "reference": ("Date of the model's newest snapshot", served.bundle.reference.as_of),
    }
    for name, (meaning, text) in dates.items():
        at = instant_of(text)
        if at is not None:
            yield _instant(f"ebbtide_model_{name}", meaning, at)
    yield InfoMetricFamily(
        "ebbtide_model",
        "Which model is being served.",
        value={
            "version": served.bundle.version,
            "registry_version": served.registry_version or "",
            "definition": served.bundle.definition.code,
        },
    )


def _trained_as_of(served: Served) -> object:
    return served.bundle.manifest.get("lineage", {}).get("trained_as_of")


def instant_of(text: object) -> datetime | None:
    """Return the instant that a bundle states; None where it states none.

    Examples
    --------
    >>> instant_of("2026-01-01").isoformat(), instant_of("undated"), instant_of(None)
    ('2026-01-01T00:00:00+00:00', None, None)
    """
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


class StoreCollector(Collector):
    """What waits in the spool, and whether the store was written."""

    def __init__(self, *, spool: Spool, database: Database) -> None:
        self._spool = spool
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Return the gauges of the moment."""
        yield GaugeMetricFamily(
            "ebbtide_spool_answers",
            "Answers that wait in the spool of this process.",
            value=self._spool.waiting,
        )
        yield GaugeMetricFamily(
            "ebbtide_spool_bytes", "Size of that spool.", value=self._spool.size_bytes
        )
        yield CounterMetricFamily(
            "ebbtide_store_write_failures",
            "Groups of changes that could not be committed.",
            value=self._database.failed_writes,
        )


class DriftCollector(Collector):
    """How often drift is measured, and the newest measurement if it is of the served model."""

    def __init__(self, *, monitor: Monitor, supply: Supply, interval_seconds: float) -> None:
        self._monitor = monitor
        self._supply = supply
        self._interval_seconds = interval_seconds

    def collect(self) -> Iterable[Metric]:
        """Return the gauges of the newest measurement."""
        yield GaugeMetricFamily(
            "ebbtide_drift_interval_seconds",
            "How often drift is to be measured, seconds.",
            value=self._interval_seconds,
        )
        newest, served = self._monitor.newest, self._supply.current
        if newest is None or served is None:
            return
        report = newest.report
        if report.model_version != served.bundle.version:
            return
        yield _instant("ebbtide_drift_computed", "When drift was measured", newest.computed_at)
        yield GaugeMetricFamily(
            "ebbtide_drift_window_customers",
            "Customers with a score whom drift was measured on.",
            value=report.scored,
        )
        yield from _drift("ebbtide_score_drift", "the scores", [], [report.score])
        yield from _drift("ebbtide_feature_drift", "a feature", ["feature"], report.features)
        verdicts = GaugeMetricFamily(
            "ebbtide_drifting_features", "Features by the graver verdict.", labels=["verdict"]
        )
        for verdict in VERDICTS:
            count = sum(each.worst == verdict for each in report.features)
            verdicts.add_metric([verdict], count)
        yield verdicts


def _drift(
    prefix: str, of_what: str, labels: list[str], drifts: Iterable[Drift]
) -> Iterator[Metric]:
    texts = {
        "psi": f"Population stability index of {of_what}.",
        "ks": f"Largest difference of the distribution functions of {of_what}.",
        "missing": f"Difference of the missing share of {of_what}.",
    }
    listed = list(drifts)
    for measure, text in texts.items():
        value = GaugeMetricFamily(f"{prefix}_{measure}", text, labels=labels)
        line = GaugeMetricFamily(
            f"{prefix}_{measure}_threshold",
            f"Above it {of_what} has shifted, by the measure {measure}.",
            labels=labels,
        )
        for each in listed:
            found = getattr(each, measure)
            if found is not None:
                named = [each.name] if labels else []
                value.add_metric(named, found.value)
                line.add_metric(named, found.threshold)
        if value.samples:
            yield value
            yield line


class BuildCollector(Collector):
    """Which version of Ebbtide this is, on which Python."""

    def collect(self) -> Iterable[Metric]:
        """Return the one gauge."""
        try:
            ours = version("ebbtide")
        except PackageNotFoundError:  # run from a checkout that was not installed
            ours = ""
        yield InfoMetricFamily(
            "ebbtide_build",
            "Which build this is.",
            value={"version": ours, "python": platform.python_version()},
        )


def _instant(name: str, meaning: str, at: datetime) -> GaugeMetricFamily:
    return GaugeMetricFamily(
        f"{name}_timestamp_seconds", f"{meaning}, seconds since 1970.", value=at.timestamp()
    )
