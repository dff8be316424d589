"""Snapshots made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from ebbtide.scorer.ranks import RankScale, rank_columns
from training.snapshots import Snapshot

PRESENT = datetime(2026, 1, 1, tzinfo=UTC)
"""Later than everything in the simulated shop of the tests."""


def snapshot(
    *,
    as_of: datetime,
    n: int = 600,
    signal: float = 3.0,
    seed: int = 0,
    churned: float | None = None,
) -> Snapshot:
    """A snapshot whose first feature drives churn, and whose second is noise, a fifth missing."""
    rng = np.random.default_rng([seed, as_of.toordinal()])
    rows = rng.random((n, 2))
    p_churn = 1 / (1 + np.exp(-signal * (2 * rows[:, 0] - 1)))
    outcome = (rng.random(n) < p_churn).astype(float) if churned is None else np.full(n, churned)
    rows[rng.random(n) < 0.2, 1] = np.nan
    scales = tuple(RankScale.of(column) for column in rows.T)
    return Snapshot(
        as_of=as_of,
        customer_ids=np.array([f"c{index}" for index in range(n)]),
        rows=rows,
        ranked=rank_columns(scales, rows),
        scales=scales,
        churned=outcome,
    )


def monthly(count: int, *, every_days: int = 30) -> list[datetime]:
    """Instants, the earliest first."""
    first = datetime(2024, 1, 1, tzinfo=UTC)
    return [first + timedelta(days=every_days * index) for index in range(count)]
