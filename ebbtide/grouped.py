"""Sums over groups of features, such as families and causes: the same bits in any batch.

Tables have a row for each feature and a column for each customer, so that numpy works along the
customers. Nothing here knows what a group means.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray

IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

_FEW = 64
"""Up to so many columns, numpy's price for each call is more than that of adding padding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Groups of rows of a table.

    Parameters
    ----------
    order : the first members of all groups, then the second ones, and so on; longer groups first,
        so that the k-th members are those of the first groups.
    steps : for each k, where the k-th members start and end in ``order``.
    place : where each group stands in that order, shape (groups,).
    members : of each group, the first one repeated where it has fewer than others; shape (groups,
        longest). A group without members has row 0.
    padded : the same with -1 where it has fewer than others, after a first -1; shape (groups,
        1 + longest).
    """

    order: IndexArray
    steps: tuple[tuple[int, int], ...]
    place: IndexArray
    members: IndexArray
    padded: IndexArray

    @classmethod
    def of(cls, members: Sequence[Sequence[int]]) -> Groups:
        """Make groups of the rows of each."""
        ranked = sorted(range(len(members)), key=lambda group: -len(members[group]))
        longest = max((len(each) for each in members), default=0)
        steps = [
            [members[group][step] for group in ranked if len(members[group]) > step]
            for step in range(longest)
        ]

        def filled(each: Sequence[int], filler: int) -> list[int]:
            return [*each, *[filler] * (max(longest, 1) - len(each))]

        ends = list(accumulate(len(step) for step in steps))
        return cls(
            order=np.array([member for step in steps for member in step], dtype=np.intp),
            steps=tuple(pairwise([0, *ends])),
            place=np.argsort(np.array(ranked, dtype=np.intp)),
            members=np.array(
                [filled(each, each[0] if each else 0) for each in members], dtype=np.intp
            ),
            padded=np.array([[-1, *filled(each, -1)] for each in members], dtype=np.intp).reshape(
                len(members), 1 + max(longest, 1)
            ),
        )

    def sums(self, table: FloatArray) -> FloatArray:
        """Return the sum of each group's rows, shape (groups, n).

        Notes
        -----
        Members are added one after another, never by numpy's own sum, whose order depends on the
        shape: a customer's sum then has the same bits in any batch.

        Examples
        --------
        >>> Groups.of([[1], [0, 2]]).sums(np.array([[1.0], [2.0], [4.0]])).tolist()
        [[2.0], [5.0]]
        """
        if table.shape[1] <= _FEW:
            # Zero in the place of nobody changes no bit, and what is accumulated is added in order.
            return np.add.accumulate(_with_zeros(table)[self.padded], axis=1)[:, -1]
        total = np.zeros((len(self.place), table.shape[1]))
        ordered = table[self.order]
        for start, end in self.steps:
            total[: end - start] += ordered[start:end]
        return total[self.place]

    def greatest(self, table: FloatArray) -> FloatArray:
        """Return the greatest value of each group, at least zero, shape (groups, n)."""
        if table.shape[1] <= _FEW:
            return np.asarray(_with_zeros(table)[self.padded].max(axis=1))
        most = np.zeros((len(self.place), table.shape[1]))
        ordered = table[self.order]
        for start, end in self.steps:
            head = most[: end - start]
            np.maximum(head, ordered[start:end], out=head)
        return most[self.place]


def added_in_order(table: FloatArray) -> FloatArray:
    """Return the sum of the rows of a table, one after another from zero, shape (n,).

    Examples
    --------
    >>> added_in_order(np.array([[1.0, 2.0], [4.0, 8.0]])).tolist()
    [5.0, 10.0]
    """
    if len(table) > 0 and table.shape[1] <= _FEW:
        return np.asarray(np.add.accumulate(table, axis=0)[-1] + 0.0)
    total = np.zeros(table.shape[1])
    for each in table:
        total += each
    return total


def _with_zeros(table: FloatArray) -> FloatArray:
    """Return a table whose last row is zero."""
    out = np.zeros((len(table) + 1, table.shape[1]))
    out[:-1] = table
    return out
