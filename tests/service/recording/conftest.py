"""A re-scorer that works when it is told to, and a clock that stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from fastapi.testclient import TestClient

from ebbtide.store.histories import Histories, Layout, pack
from service.recording.rescorer import Rescorer


class Clock:
    """Says what it was set to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def layout():
    """All that the model of the tests reads."""
    return Layout(
        columns={
            "transactions": ("occurred_at", "amount", "discount"),
            "complaints": ("opened_at", "resolved_at", "severity"),
            "payments": ("due_at", "paid_at"),
        },
        lookback_days=365,
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(app, clock):
    return replace(app.state.desk, now=clock)


@pytest.fixture
def quiet(app, desk):
    """A client of an app that does nothing beside the requests."""
    app.state.desk = desk
    return TestClient(app)


@pytest.fixture
def rescorer(desk):
    return Rescorer(desk, poll_seconds=60.0)


@pytest.fixture
def publish(store, layout):
    """Keep a history of each customer, of one purchase 100 days before it."""

    def published(*customer_ids, as_of, layout=layout):
        bought = round(as_of.timestamp() - 100 * 86_400) * 1_000_000
        rows = f"[[[{bought},50.0,0.0]],{','.join(['[]'] * (len(layout.columns) - 1))}]"
        kept = [(customer_id, pack(rows)) for customer_id in customer_ids]
        store.database.write(
            partial(Histories(store.database).keep, histories=kept, as_of=as_of, layout=layout)
        )

    return published
