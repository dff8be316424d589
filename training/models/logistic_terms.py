"""What a logistic regression adds up: ranks, bends of their lines, missing values, and categories.

It fits nothing. Terms are made a block of rows at a time, since all of them together would take ten
times the room of the ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ebbtide.scorer.scores import FloatArray

BLOCK_ROWS = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How rows become terms.

    Parameters
    ----------
    n_features : how many columns the ranks have.
    places : columns of categories with the number of their places.
    knots : ranks at which a line may bend, rising; none for straight lines.

    Examples
    --------
    >>> terms = Terms(n_features=1, places={}, knots=(0.5,))
    >>> terms.of(np.array([[0.75], [np.nan]])).tolist()
    [[0.75, 0.25, 0.0], [0.5, 0.0, 1.0]]
    """

    n_features: int
    places: Mapping[int, int]
    knots: tuple[float, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many terms each part has: ranks, each knot, missing, each column of categories."""
        return (*[self.n_features] * (2 + len(self.knots)), *self.places.values())

    def of(self, ranked: FloatArray) -> FloatArray:
        """Return the terms of rows, shape (n, sum of sizes); a missing rank stands at 0.5."""
        is_plain = np.array([column not in self.places for column in range(self.n_features)])
        missing = np.isnan(ranked) & is_plain
        filled = np.where(missing, 0.5, ranked) * is_plain
        return np.hstack(
            [
                filled,
                *(np.maximum(filled - knot, 0.0) for knot in self.knots),
                missing,
                *(ranked[:, [column]] == np.arange(size) for column, size in self.places.items()),
            ],
            dtype=np.float64,
            casting="unsafe",
        )

    def blocks(self, ranked: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Yield which rows, and their terms."""
        for start in range(0, len(ranked), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield rows, self.of(ranked[rows])

    def means(self, ranked: FloatArray) -> FloatArray:
        """Return the mean of each term, shape (sum of sizes,)."""
        total = np.zeros(sum(self.sizes))
        for _, block in self.blocks(ranked):
            total += block.sum(axis=0)
        return total / len(ranked)
