"""When the rows of a snapshot table stand, and which of their labels can no longer change.

Before the outcome window of an instant is over, the rows with a label are those who left early:
such a label says when a row was written rather than who will leave, and nobody may read it.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from features.arrays.clock import microseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray

UNREADABLE = int(np.iinfo(np.int64).min)
"""Stands for a date that cannot be read; every other instant is microseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_of(since_1970_us: int) -> datetime:
    """Return microseconds since 1970 in UTC as an aware instant, exactly.

    Examples
    --------
    >>> instant_of(-1).isoformat()
    '1969-12-31T23:59:59.999999+00:00'
    """
    return _EPOCH + timedelta(microseconds=since_1970_us)


def matured_labels(
    churned: FloatArray,
    instants: NDArray[np.int64] | None,
    *,
    definition: ChurnDefinition,
    now: datetime,
) -> FloatArray:
    """Return labels, NaN where the outcome was still open at ``now``, shape (n,).

    Parameters
    ----------
    churned : 1 for churn, 0 for stayed, NaN without a label, shape (n,).
    instants : of each row, microseconds since 1970, UTC; None without dates, where nothing can
        tell and every label counts.
    definition : says how far the label looks ahead.
    now : aware instant.
    """
    if instants is None:
        return churned
    readable = instants[(instants != UNREADABLE) & (instants <= microseconds(now))]
    ordered = np.unique(readable).tolist()

    def is_open(since_1970_us: int) -> bool:
        return not definition.window(instant_of(since_1970_us)).has_matured(now=now)

    first_open = bisect_left(ordered, True, key=is_open)
    has_matured = np.isin(instants, np.array(ordered[:first_open], dtype=np.int64))
    return np.where(has_matured, churned, np.nan)
