"""What ops sees at ``/metrics``; each app has its own registry, no label holds customer data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from service.monitoring.collectors import BuildCollector, SupplyCollector
from service.problems import KINDS, REJECTS

if TYPE_CHECKING:
    from datetime import datetime

    from service.champion.supply import Supply

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

BORN_AT_ZERO = {
    "rows": ("scored", "abstained", "failed"),
    "problems": tuple(KINDS),
    "events": ("kept", "already_known", "failed"),
    "rescored": ("scored", "abstained", "failed", "skipped"),
    "jobs": ("done", "failed", "cancelled"),
    "rejected": (*REJECTS, "too-many-connections"),
}
"""Counters whose labels are known before anything happens, and those. They are there at zero from
the start: of a counter that is born at 1, no rate or increase tells the first time."""


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
            "ebbtide_http_request_duration_seconds",
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
            "Single rows sent to POST /v1/score that wait to be scored together.",
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "ebbtide_requests_in_flight",
            "Requests under way, health and metrics apart.",
            registry=self.registry,
        )
        self.requests_limit = Gauge(
            "ebbtide_requests_limit",
            "Requests that may be under way; further ones are turned away as busy.",
            registry=self.registry,
        )
        self.rejected = Counter(
            "ebbtide_rejected_requests",
            "Requests turned away before any work was done, by reason: the kind of the problem, or "
            "too-many-connections.",
            ["reason"],
            registry=self.registry,
        )
        self.log_lag = Histogram(
            "ebbtide_log_lag_seconds",
            "Time from scoring to the commit in the log, seconds; once a commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.log_group = Histogram(
            "ebbtide_log_group_predictions",
            "Predictions that were committed to the log together.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 1024),
            registry=self.registry,
        )
        self.job_queue = Gauge(
            "ebbtide_queued_jobs",
            "Jobs that wait for a worker, when they were last counted.",
            registry=self.registry,
        )
        self.message_queue = Gauge(
            "ebbtide_waiting_webhook_messages",
            "Messages to webhooks that have not arrived, when they were last counted.",
            registry=self.registry,
        )
        for counter, labels in BORN_AT_ZERO.items():
            for label in labels:
                getattr(self, counter).labels(label)
        self.registry.register(SupplyCollector(supply))
        self.registry.register(BuildCollector())
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def committed(self, count: int, *, scored_at: datetime, at: datetime) -> None:
        """Note that answers were committed to the log together.

        Parameters
        ----------
        count : of the answers.
        scored_at : when the first of them was made, aware.
        at : when they were committed, aware.
        """
        self.log_lag.observe((at - scored_at).total_seconds())
        self.log_group.observe(count)
