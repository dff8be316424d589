"""Folds over the rows of a table without dates: stratified, with copies of a row kept together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

IndexArray = NDArray[np.int64]

FOLDS = 5

MOST_REPEATS = 0.5
"""Where more of the rows repeat another, equal rows are the rule and no copies: a table of a few
categories has but so many different rows."""


def copies(rows: FloatArray) -> IndexArray:
    """Return a number for each row that it shares with the rows that equal it, shape (n,).

    Every row has a number of its own where repeats are the rule.

    Examples
    --------
    >>> copies(np.array([[1.0, np.nan], [2.0, 0.0], [1.0, np.nan], [3.0, 0.0]])).tolist()
    [0, 1, 0, 2]
    """
    _, group = np.unique(np.nan_to_num(rows, nan=np.inf), axis=0, return_inverse=True)
    group = np.asarray(group, dtype=np.int64).reshape(-1)
    if len(rows) - (int(group.max()) + 1) > MOST_REPEATS * len(rows):
        return np.arange(len(rows), dtype=np.int64)
    return group


def stratified_folds(
    churned: FloatArray, group: IndexArray, *, seed: int, count: int = FOLDS
) -> IndexArray:
    """Return the fold of each row, shape (n,); rows of a group come into one fold.

    A random split, because a table without dates has no other: it tells how the model does on other
    customers of the same time, not on a later one.

    Parameters
    ----------
    churned : 1 for churn, 0 for stayed, shape (n,).
    group : a number for each row, equal for rows that must stay together, shape (n,).
    seed : of the order in which groups are dealt out.
    count : how many folds.

    Notes
    -----
    Groups of equal size and equal leavers are alike. They are shuffled among themselves and dealt
    out in turn, going on where the last kind ended, so that folds have equal shares of leavers.

    Examples
    --------
    >>> churned = np.array([1.0, 0.0] * 10)
    >>> fold = stratified_folds(churned, np.arange(20), seed=0)
    >>> np.bincount(fold[churned == 1]).tolist(), np.bincount(fold).tolist()
    ([2, 2, 2, 2, 2], [4, 4, 4, 4, 4])
    """
    size = np.bincount(group)
    leavers = np.bincount(group, weights=churned)
    shuffled = np.random.default_rng(seed).permutation(len(size))
    dealt = shuffled[np.lexsort((size[shuffled], leavers[shuffled]))]
    fold_of_group = np.empty(len(size), dtype=np.int64)
    fold_of_group[dealt] = np.arange(len(size)) % count
    return fold_of_group[group]
