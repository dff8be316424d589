"""Customers of one period, judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ebbtide.scorer.calibrator import sigmoid
from training.evaluation.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Callable


def judged_customers(
    n: int = 1_500,
    *,
    seed: int = 0,
    steepness: float = 1.0,
    shift: float = 0.0,
    signal: float = 1.5,
    rule_noise: float = 2.0,
    **others: object,
) -> Judged:
    """Customers whose promises are right where steepness is 1 and shift is 0."""
    rng = np.random.default_rng(seed)
    truth = signal * rng.normal(0, 1, n)
    said = {
        "as_of": None,
        "customer_ids": np.array([f"c{place}" for place in range(n)]),
        "churned": (rng.random(n) < sigmoid(truth)).astype(float),
        "log_odds": truth,
        "p_churn": sigmoid(steepness * truth + shift),
        "rules": {"recency": truth + rng.normal(0, rule_noise, n), "dummy": np.zeros(n)},
        "value": np.full(n, np.nan),
    }
    return Judged(**{**said, **others})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def judge() -> Callable[..., Judged]:
    return judged_customers
