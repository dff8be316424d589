"""Made-up customers with sixty features of the catalogue, and who of them leaves.

Amounts are skewed, counts are small and mostly zero, one value in ten is missing, and about 15 % of
the customers leave. Only the shapes are realistic: features of one customer need not add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.side_by_side.names import NAMES
from features.catalogue.catalogue import features_named

if TYPE_CHECKING:
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray

FEATURES = features_named(NAMES)
CONTRACTS = tuple(feature.contract for feature in FEATURES)
MISSING_SHARE = 0.1
ACTIVE_WITHIN_DAYS = 365
_INTERCEPT = -2.45
_SIZES = {
    "spend_30d": 3.8,
    "spend_90d": 5.0,
    "spend_365d": 6.3,
    "spend_same_season": 4.9,
    "first_purchase_age_days": 5.6,
    "tenure_days": 6.2,
}
"""Logarithms of medians that differ from those of their unit."""
_TROUBLE = ("complaints", "returns", "payments", "satisfaction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Customers at one instant.

    Parameters
    ----------
    rows : feature values in the order of ``NAMES``, shape (n, 60); NaN is missing.
    churned : whether each left, shape (n,).
    """

    rows: FloatArray
    churned: FloatArray


def draw_customers(count: int, *, seed: int) -> Customers:
    """Draw customers; equal seeds give equal ones."""
    rng = np.random.default_rng(seed)
    engaged, troubled, rich = rng.standard_normal((3, count))
    rows = np.column_stack(
        [_draw(contract, engaged, troubled, rich, rng=rng) for contract in CONTRACTS]
    )
    rows[:, NAMES.index("recency_days")] %= ACTIVE_WITHIN_DAYS  # who is silent for longer has left
    nullable = np.array([contract.is_nullable for contract in CONTRACTS])
    share = MISSING_SHARE / nullable.mean()
    rows[(rng.random(rows.shape) < share) & nullable] = np.nan
    log_odds = _INTERCEPT - 1.1 * engaged + 0.8 * troubled - 0.5 * engaged * (rich > 0)
    churned = rng.random(count) < 1 / (1 + np.exp(-log_odds))
    return Customers(rows=rows, churned=churned.astype(np.float64))


def _draw(
    contract: FeatureContract,
    engaged: FloatArray,
    troubled: FloatArray,
    rich: FloatArray,
    *,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw one feature; it rises or falls with what its customers are like."""
    is_trouble = contract.family in _TROUBLE
    cause = troubled if is_trouble else -engaged
    side = {"rises": 1.0, "falls": -1.0, None: 0.3}[contract.risk]
    load = 0.6 * side * cause + (0.4 * rich if contract.unit == "currency" else 0.0)
    z = load + 0.75 * rng.standard_normal(len(cause))
    return np.asarray(_shaped(contract, z, is_trouble, rng).clip(contract.low, contract.high))


def _shaped(
    contract: FeatureContract, z: FloatArray, is_trouble: bool, rng: np.random.Generator
) -> FloatArray:
    unit, low, high = contract.unit, contract.low, contract.high
    size = _SIZES.get(contract.name, 4.0)
    if low is not None and low < 0 and high is not None:
        return np.round(high * np.tanh(0.6 * z), 0 if unit == "days" else 4)
    if unit == "currency":
        return np.round(np.exp(size + 0.9 * z), 2)
    if unit == "share":
        return np.round(1 / (1 + np.exp(1.0 - 1.3 * z)), 4)
    if unit in ("ratio", "days per month"):
        return np.round(np.exp(0.6 * z), 4)
    if unit in ("score", "grade"):
        assert low is not None
        assert high is not None
        return np.round((low + high) / 2 + (high - low) / 4 * z)
    if unit == "days" and high is None:
        return np.floor(np.exp(size + 0.8 * z))
    mean = 0.6 if is_trouble else 3.0 if high is None else 1.0 + 0.04 * high
    return rng.poisson(mean * np.exp(0.7 * z)).astype(np.float64)
