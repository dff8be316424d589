"""Rows to score, and a service whose clock can be put forward."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from service.app import create_app

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    """The present of ``later``, to be put forward."""
    return [NOW]


@pytest.fixture
def later(settings, bundle, store, clock):
    """A client of a service whose clock can be put forward."""
    app = create_app(settings, model=bundle, store=store, now=lambda: clock[0])
    with TestClient(app) as made:
        yield made
