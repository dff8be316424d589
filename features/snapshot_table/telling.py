"""How much one column alone tells of the label: the simplest rival, and a sign of leakage."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray

TOO_GOOD_AUC = 0.95
"""One column alone that ranks leavers better than this has most likely seen the outcome."""

PERFECT_AUC = 0.999

_BINS = 20
_FOLDS = 5
_PRIOR_ROWS = 5.0
_SEED = 0


def column_auc(values: FloatArray, churned: FloatArray, *, is_category: bool) -> float:
    """Return the AUC of one column alone, out of fold, in either direction.

    Parameters
    ----------
    values : of the column, places for a category; NaN is missing and tells as a value does.
    churned : 1 for churn, 0 for stayed, shape (n,); both must occur.
    is_category : whether values have no order.

    Examples
    --------
    >>> churned = np.tile([0.0, 1.0], 50)
    >>> column_auc(churned * 3, churned, is_category=False)
    1.0
    """
    return rank_auc(column_score(values, churned, is_category=is_category), churned)


def column_score(values: FloatArray, churned: FloatArray, *, is_category: bool) -> FloatArray:
    """Return the score that one column alone gives: its values in the better direction, or shares.

    Shares are those of leavers among rows of like value, learned on other folds.

    Parameters
    ----------
    values : of the column, places for a category; NaN is missing and tells as a value does.
    churned : 1 for churn, 0 for stayed, shape (n,); both must occur.
    is_category : whether values have no order.

    Returns
    -------
    FloatArray
        Higher for the likelier leaver, shape (n,); the AUC of it is :func:`column_auc`.

    Examples
    --------
    >>> column_score(np.tile([9.0, 5.0], 50), np.tile([0.0, 1.0], 50), is_category=False)[:2]
    array([-9., -5.])
    """
    bins = _bins(values, is_category=is_category)
    fold = _folds(len(churned))
    said = np.empty(len(churned))
    for held in range(_FOLDS):
        learned = fold != held
        share = churn_share(bins[learned], churned[learned], size=int(bins.max()) + 1)
        said[~learned] = share[bins[~learned]]
    if is_category or np.isnan(values).any():
        return said
    plain = rank_auc(values, churned)
    if rank_auc(said, churned) > max(plain, 1 - plain):
        return said
    return values if plain >= 0.5 else -values


@lru_cache(maxsize=4)
def _folds(n_rows: int) -> NDArray[np.int64]:
    """Return the fold of each row, the same for every column; nobody may write into it."""
    fold = np.random.default_rng(_SEED).permutation(n_rows) % _FOLDS
    fold.flags.writeable = False
    return fold


def churn_share(bins: NDArray[np.int64], churned: FloatArray, *, size: int) -> FloatArray:
    """Return the churn share of each bin, drawn towards that of all where rows are few."""
    counts = np.bincount(bins, minlength=size)
    leavers = np.bincount(bins, weights=churned, minlength=size)
    share: FloatArray = (leavers + _PRIOR_ROWS * churned.mean()) / (counts + _PRIOR_ROWS)
    return share


def rank_auc(score: FloatArray, churned: FloatArray) -> float:
    """Return the probability that a leaver scores above a stayer, ties counted half.

    Examples
    --------
    >>> rank_auc(np.array([1.0, 2.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    0.75
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    leavers = churned == 1
    n, m = int(leavers.sum()), int((~leavers).sum())
    return float((middle[place][leavers].sum() - n * (n + 1) / 2) / (n * m))


def _bins(values: FloatArray, *, is_category: bool) -> NDArray[np.int64]:
    missing = np.isnan(values)
    if is_category:
        bins = np.where(missing, 0, values + 2)
        return bins.astype(np.int64)
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    cuts = np.unique(np.quantile(values[~missing], np.linspace(0, 1, _BINS + 1)[1:-1]))
    found = np.searchsorted(cuts, values, side="left") + 1
    return np.where(missing, 0, found).astype(np.int64)
