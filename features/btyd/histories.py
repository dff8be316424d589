"""What a buy-till-you-die model sees of customers: how many repeats, the last one, the age.

Nothing here knows of dates or tables; the unit of time is the caller's, days in this product.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Sortable = NDArray[np.float64] | NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Purchase histories, equal ones once with their number; made by :func:`histories`.

    Parameters
    ----------
    repeats : purchase days after the first, ``x`` in the literature, >= 0.
    last_days : days from the first purchase to the last, ``t_x``; 0 without a repeat.
    age_days : days from the first purchase to the end of observation, ``T``, >= ``last_days``.
    weights : how many customers share the history, > 0.
    """

    repeats: Floats
    last_days: Floats
    age_days: Floats
    weights: Floats

    @property
    def customers(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    @property
    def repeaters(self) -> float:
        """How many of the customers came again."""
        return float(self.weights[self.repeats > 0].sum())

    @cached_property
    def by_repeats(self) -> tuple[Floats, NDArray[np.intp], Floats]:
        """Different repeats; which of them each history has; how many customers have each."""
        level, at = np.unique(self.repeats, return_inverse=True)
        return level, at, np.bincount(at, self.weights).astype(np.float64, copy=False)


def histories(
    repeats: ArrayLike,
    last_days: ArrayLike,
    age_days: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    most: int | None = None,
) -> Histories:
    """Sort histories and count equal ones once.

    Parameters
    ----------
    repeats, last_days, age_days : as in :class:`Histories`, one for each customer.
    weights : how many customers each stands for; None is one.
    most : keep at most so many different histories: every k-th of the sorted customers, which is
        the same choice for any order of the rows and needs no random numbers. None keeps all.

    Raises
    ------
    ContractError
        If lengths differ, or a history is impossible.

    Examples
    --------
    >>> two = histories([0, 2, 0], [0, 30, 0], [60, 60, 60])
    >>> two.repeats.tolist(), two.weights.tolist()
    ([0.0, 2.0], [2.0, 1.0])
    """
    x, last, age = (np.asarray(given, dtype=float) for given in (repeats, last_days, age_days))
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    _require_possible(x, last, age, weight)
    keys = [sortable(each) for each in (x, last, age)]
    if weights is None and all(key.dtype == np.uint16 for key in keys):
        # What needs no more than 48 bits is sorted as one number, and who it was nobody asks.
        rows = np.sort((_wide(keys[0]) << 32) | (_wide(keys[1]) << 16) | _wide(keys[2]))
        keys = [(rows >> shift).astype(np.uint16) for shift in (32, 16, 0)]
    else:
        order = np.lexsort(keys[::-1])
        keys, weight = [key.take(order) for key in keys], weight.take(order)
    marks = _distinct(*keys)
    if most is not None and np.count_nonzero(marks) > most:
        kept = np.linspace(0, len(x) - 1, most).round().astype(int)
        share = weight.sum() / weight[kept].sum()
        keys, weight = [key.take(kept) for key in keys], weight[kept] * share
        marks = _distinct(*keys)
    starts = np.flatnonzero(marks)
    first = [key.take(starts).astype(np.float64) for key in keys]
    return Histories(
        repeats=first[0],
        last_days=first[1],
        age_days=first[2],
        weights=np.add.reduceat(weight, starts) if len(starts) else weight,
    )


def _wide(key: Sortable) -> NDArray[np.int64]:
    return key.astype(np.int64)


def sortable(values: Floats) -> Sortable:
    """Return values in the form that sorts fastest: small whole numbers as such."""
    if len(values) and values.min() >= 0 and values.max() < 2**16:
        whole = values.astype(np.uint16)
        if (whole == values).all():
            return whole
    return values


def _distinct(*sorted_keys: Sortable) -> NDArray[np.bool_]:
    """Mark, in sorted histories, each that differs from the one before."""
    marks = np.ones(len(sorted_keys[0]), dtype=bool)
    marks[1:] = False
    for key in sorted_keys:
        marks[1:] |= key[1:] != key[:-1]
    return marks


def _require_possible(x: Floats, last: Floats, age: Floats, weight: Floats) -> None:
    if not len(x) == len(last) == len(age) == len(weight):
        raise ContractError(
            "Expected repeats, last_days, age_days and weights of one length, got "
            f"{len(x)}, {len(last)}, {len(age)} and {len(weight)}."
        )
    possible = (x >= 0) & (last >= 0) & (age >= last) & np.isfinite(age) & (weight > 0)
    possible &= (x > 0) | (last == 0)
    if not possible.all():
        raise ContractError(
            "Expected repeats >= 0, 0 <= last_days <= age_days, last_days = 0 without a repeat, "
            f"and weights > 0; {int((~possible).sum())} of {len(x)} rows break that. Count "
            "purchase days within the lookback, and both ages to the same instant."
        )
