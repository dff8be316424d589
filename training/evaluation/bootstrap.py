"""How sure measures are: customers drawn again with replacement, many times, always the same way.

All measures are taken on the same resamples, so that the difference of two of them is paired. A
resample is a row of counts, never a copy of customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ebbtide.scorer.scores import FloatArray

COVERAGE = 0.95
FEWEST_RESAMPLES = 200
MOST_DRAWS = 10_000_000
"""Resamples times customers; beyond it there are fewer resamples. Many customers need fewer."""

_DRAWS_AT_ONCE = 100_000
"""A block of so many stays in the cache of a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measure with its 95 % interval; NaN where it cannot be measured."""

    value: float
    low: float
    high: float


def resamples_for(n: int, wanted: int) -> int:
    """Return how many resamples of n customers are drawn where so many are wanted.

    Examples
    --------
    >>> resamples_for(5_000, 1_000), resamples_for(50_000, 1_000), resamples_for(1_000_000, 1_000)
    (1000, 200, 200)
    """
    return min(wanted, max(FEWEST_RESAMPLES, MOST_DRAWS // n))


def resampled_counts(n: int, *, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each customer is drawn, a block of resamples at a time.

    Parameters
    ----------
    n : customers.
    resamples : how many times n customers are drawn from n.
    seed : of the draws.

    Yields
    ------
    FloatArray
        Counts of shape (resamples in the block, n); every row sums to n.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _DRAWS_AT_ONCE // n)
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        drawn = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n)
        yield counts.reshape(rows, n).astype(np.float64)


def estimates(
    measure: Callable[[FloatArray], Mapping[str, FloatArray]], n: int, *, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Take measures of customers, with the middle 95 % of what resamples of them give.

    Parameters
    ----------
    measure : from counts of shape (resamples, n) to named measures, each of shape (resamples,).
    n : customers.
    resamples : how many.
    seed : of the draws.

    Notes
    -----
    The percentile interval of all customers, whatever they did: the churn share varies as well.
    Resamples in which a measure does not exist are passed over. A measure that is a distance, such
    as the calibration error, is larger in resamples than in truth, and its interval lies high.

    References
    ----------
    B. Efron, R. J. Tibshirani, An introduction to the bootstrap, 1993, chapter 13.

    Examples
    --------
    >>> left = np.array([1.0] * 30 + [0.0] * 70)
    >>> found = estimates(lambda c: {"share": c @ left / 100}, 100, resamples=500, seed=0)["share"]
    >>> found.value, 0.15 < found.low < 0.25, 0.35 < found.high < 0.45
    (0.3, True, True)
    """
    at_hand = measure(np.ones((1, n)))
    blocks = [measure(counts) for counts in resampled_counts(n, resamples=resamples, seed=seed)]
    return {
        name: _estimate(float(value[0]), np.concatenate([block[name] for block in blocks]))
        for name, value in at_hand.items()
    }


def _estimate(value: float, resampled: FloatArray) -> Estimate:
    known = resampled[np.isfinite(resampled)]
    if not (len(known) and np.isfinite(value)):
        return Estimate(value=value, low=np.nan, high=np.nan)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high))
