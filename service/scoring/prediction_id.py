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
