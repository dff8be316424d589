"""Learn what is typical of those who stayed and of those who left.

A typical value is that of a group, never of a customer: groups are large enough, and their numbers
are rounded, so that nobody's spend can be read off a bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.scorer import commonest_present, median_present
from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from training.snapshots import Snapshot

FEWEST = 20
"""Customers with a value that a group must have; below that, nothing is said of it."""

MAX_ROWS = 200_000
"""Rows that are looked at: more would move no median that is rounded to three digits."""


def typical_by_outcome(
    snapshots: Sequence[Snapshot], *, features: Sequence[FeatureContract]
) -> TypicalByOutcome:
    """Return medians and commonest categories of stayers and of leavers.

    Parameters
    ----------
    snapshots : matured ones; a customer counts once in each.
    features : the features, in the order of the columns.
    """
    matured = [taken for taken in snapshots if taken.churned is not None]
    if not matured:
        return TypicalByOutcome.unknown(len(features))
    rows = np.vstack([taken.rows for taken in matured])
    churned = np.concatenate([taken.churned for taken in matured if taken.churned is not None])
    step = -(-len(rows) // MAX_ROWS)
    rows, churned = rows[::step], churned[::step]
    return TypicalByOutcome(
        stayers=_typical(rows[churned == 0], features),
        leavers=_typical(rows[churned == 1], features),
    )


def _typical(rows: FloatArray, features: Sequence[FeatureContract]) -> FloatArray:
    return np.array(
        [
            _typical_of(column, is_categorical=feature.is_categorical)
            for column, feature in zip(rows.T, features, strict=True)
        ],
        dtype=np.float64,
    )


def _typical_of(column: FloatArray, *, is_categorical: bool) -> float:
    if int((~np.isnan(column)).sum()) < FEWEST:
        return float("nan")
    if is_categorical:
        return commonest_present(column)
    return rounded(median_present(column))


def rounded(value: float) -> float:
    """Return a number with three digits that count.

    Examples
    --------
    >>> rounded(1234.56), rounded(0.012345), rounded(-7.0), rounded(0.0)
    (1230.0, 0.0123, -7.0, 0.0)
    """
    return float(f"{value:.3g}")
