"""Ids of answers, which rise with time: the log appends them, and does not scatter them."""

from __future__ import annotations

import os
import time

_RANDOM_BYTES = 10


def new_prediction_id() -> str:
    """Return an id that no other answer has: 48 bits of the clock, and 80 that nobody can guess.

    In a table of many answers, ids that were drawn by lot would each change another page of the
    index; these change the last one.

    Examples
    --------
    >>> first, second = new_prediction_id(), new_prediction_id()
    >>> len(first), first[:11] <= second[:11], first != second
    (32, True, True)
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(_RANDOM_BYTES).hex()}"


def new_prediction_ids(count: int) -> list[str]:
    """Return such ids, which rise in their order, too: of two the later is the newest everywhere.

    Examples
    --------
    >>> first, second = new_prediction_ids(2)
    >>> first < second
    True
    """
    begun = f"{time.time_ns() // 1_000_000:012x}"
    drawn, length = os.urandom(_RANDOM_BYTES * count).hex(), 2 * _RANDOM_BYTES
    return sorted(begun + drawn[at : at + length] for at in range(0, len(drawn), length))
