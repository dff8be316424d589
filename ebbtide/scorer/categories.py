"""Categories as a model reads them: places, with one of its own for null and one for the rest.

A category has no order, so that it is not ranked. A model is told which columns are of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryScale:
    """Places of categories; null and what was not learned come after them.

    Parameters
    ----------
    count : how many categories were learned.

    Examples
    --------
    >>> CategoryScale(count=3).rank(np.array([0.0, 2.0, np.nan, -1.0, 7.0])).tolist()
    [0.0, 2.0, 3.0, 4.0, 4.0]
    """

    count: int

    @property
    def size(self) -> int:
        """How many places there are."""
        return self.count + 2

    def rank(self, column: FloatArray) -> FloatArray:
        """Return the places of values, shape (n,); every value has one."""
        is_known = (column >= 0) & (column < self.count)
        places = np.where(is_known, np.floor(np.where(is_known, column, 0)), self.count + 1)
        return np.where(np.isnan(column), self.count, places).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {"count": self.count}


def category_sizes(scales: Sequence[Scale]) -> dict[int, int]:
    """Return how many places each column of categories has, by the column."""
    return {
        column: scale.size
        for column, scale in enumerate(scales)
        if isinstance(scale, CategoryScale)
    }
