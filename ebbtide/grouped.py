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
    """

    order: IndexArray
    steps: tuple[tuple[int, int], ...]
    place: IndexArray
    members: IndexArray

    @classmethod
    def of(cls, members: Sequence[Sequence[int]]) -> Groups:
        """Make groups of the rows of each."""
        ranked = sorted(range(len(members)), key=lambda group: -len(members[group]))
        longest = max((len(each) for each in members), default=0)
        steps = [
            [members[group][step] for group in ranked if len(members[group]) > step]
            for step in range(longest)
        ]
        padded = [
            [*each, *[each[0] if each else 0] * (max(longest, 1) - len(each))] for each in members
        ]
        ends = list(accumulate(len(step) for step in steps))
        return cls(
            order=np.array([member for step in steps for member in step], dtype=np.intp),
            steps=tuple(pairwise([0, *ends])),
            place=np.argsort(np.array(ranked, dtype=np.intp)),
            members=np.array(padded, dtype=np.intp),
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
        total = np.zeros((len(self.place), table.shape[1]))
        ordered = table[self.order]
        for start, end in self.steps:
            total[: end - start] += ordered[start:end]
        return total[self.place]

    def greatest(self, table: FloatArray) -> FloatArray:
        """Return the greatest value of each group, at least zero, shape (groups, n)."""
        most = np.zeros((len(self.place), table.shape[1]))
        ordered = table[self.order]
        for start, end in self.steps:
            head = most[: end - start]
            np.maximum(head, ordered[start:end], out=head)
        return most[self.place]
