"""Snapshots made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from ebbtide.scorer.ranks import RankScale, rank_columns
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.gamma_gamma import GammaGamma
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie
from training.snapshots import Snapshot

BUYING = BuyTillYouDie(
    purchases=BetaGeometric(kind="mbg_nbd", r=0.8, alpha=40.0, a=0.9, b=2.5),
    purchases_fit=Fit(log_likelihood=-1000.0, customers=500.0, evaluations=30, at_bound=()),
    spend=GammaGamma(p=6.0, q=4.0, gamma=15.0),
    spend_fit=Fit(log_likelihood=-900.0, customers=200.0, evaluations=30, at_bound=()),
)
"""A buying model with plausible parameters."""

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
