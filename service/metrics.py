"""What ops sees at ``/metrics``; each app has its own registry, no label holds customer data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

    from service.champion.supply import Supply

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one app."""

    def __init__(self, supply: Supply) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ebbtide_http_requests",
            "Requests by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "ebbtide_http_request_seconds",
            "Time from the request's head to the end of the answer, seconds.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.rows = Counter(
            "ebbtide_rows",
            "Rows answered, by status: scored, abstained or failed.",
            ["status"],
            registry=self.registry,
        )
        self.problems = Counter(
            "ebbtide_problems",
            "Requests and rows that ended in a problem, by its kind.",
            ["kind"],
            registry=self.registry,
        )
        self.events = Counter(
            "ebbtide_events",
            "Events received, by what became of them: kept, already_known or failed.",
            ["outcome"],
            registry=self.registry,
        )
        self.spooled = Counter(
            "ebbtide_spooled_answers",
            "Answers that were given though the log could not be written.",
            registry=self.registry,
        )
        self.deleted = Counter(
            "ebbtide_deleted_rows",
            "Rows that were kept long enough and are gone, by table.",
            ["table"],
            registry=self.registry,
        )
        self.rescored = Counter(
            "ebbtide_rescored",
            "Customers whose turn came after news: scored, abstained, failed or skipped.",
            ["status"],
            registry=self.registry,
        )
        self.rescore_lag = Histogram(
            "ebbtide_rescore_lag_seconds",
            "Time from the news of a customer to the new score on record, seconds.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.rescore_queue = Gauge(
            "ebbtide_rescore_queue_customers",
            "Customers with news who wait to be scored again.",
            registry=self.registry,
        )
        self.jobs = Counter(
            "ebbtide_jobs",
            "Jobs that this process has ended, by state: done, failed or cancelled.",
            ["state"],
            registry=self.registry,
        )
        self.queue = Gauge(
            "ebbtide_queue_requests",
            "Requests that wait to be scored.",
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "ebbtide_requests_in_flight",
            "Requests under way, health and metrics apart.",
            registry=self.registry,
        )
        self.rejected = Counter(
            "ebbtide_rejected_requests",
            "Requests turned away before any work was done, by reason: the kind of the problem.",
            ["reason"],
            registry=self.registry,
        )
        self.log_lag = Histogram(
            "ebbtide_log_lag_seconds",
            "Time from the score of a row to its commit in the log, seconds.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.log_group = Histogram(
            "ebbtide_log_group_predictions",
            "Predictions that were committed to the log together.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 1024),
            registry=self.registry,
        )
        self.registry.register(_SupplyCollector(supply))


class _SupplyCollector(Collector):
    """The state of the model supply, read when it is asked for."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply

    def collect(self) -> Iterable[Metric]:
        """Return the gauges of the moment."""
        served = self._supply.current
        yield GaugeMetricFamily(
            "ebbtide_registry_reachable",
            "Whether the registry answered when it was last asked.",
            value=float(self._supply.is_registry_reachable),
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
            yield GaugeMetricFamily(
                "ebbtide_model_loaded_timestamp_seconds",
                "When the model was taken into service, seconds since 1970.",
                value=served.loaded_at.timestamp(),
            )
            yield InfoMetricFamily(
                "ebbtide_model",
                "Which model is being served.",
                value={
                    "version": served.bundle.version,
                    "registry_version": served.registry_version or "",
                    "definition": served.bundle.definition.code,
                },
            )
