"""Independent streams of random numbers, one for each part of the shop and week.

A part that is added, or a week in which more happens, never shifts the draws of another.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

Part = Literal[
    "customers",
    "episodes",
    "complaints",
    "responses",
    "purchases",
    "orders",
    "campaigns",
    "activity",
    "surveys",
    "payments",
    "subscribers",
    "contracts",
    "usage",
]


def stream(seed: int, part: Part, *, week: int = 0) -> np.random.Generator:
    """Return the generator of a part of the shop in a week.

    Examples
    --------
    >>> first, again = (stream(1, "orders", week=3).integers(1000) for _ in range(2))
    >>> bool(first == again)
    True
    """
    key = (get_args(Part).index(part), week)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
