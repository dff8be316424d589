"""How values are spread: counts by bin, fixed at training, to be counted again later.

It knows no thresholds: what a difference means is said in ``measures`` and ``verdicts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

MAX_BINS = 100
GROUPS = 10
RARE = 0.01

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Counts of the values of one column.

    Parameters
    ----------
    edges : upper ends of the bins but the last, rising; a value lies in the first bin whose end it
        does not exceed. None for categories, whose bins are their places.
    counts : values in each bin. Of categories the last bin is that of what was not learned.
    missing : how many values were missing.

    Examples
    --------
    >>> spread = Spread.of(np.array([1.0, 2.0, 2.0, np.nan]))
    >>> spread.counts, spread.missing
    ((0, 1, 2, 0), 1)
    >>> spread.count(np.array([0.5, 1.5, 2.0, 9.0])).tolist()
    [1, 0, 2, 1]
    """

    edges: tuple[float, ...] | None
    counts: tuple[int, ...]
    missing: int

    @classmethod
    def of(cls, column: FloatArray) -> Spread:
        """Lay about a hundred bins of equal share over a column, and count it.

        A value that many have gets a bin of its own; so does what lies outside of all that was
        seen, below and above.

        Parameters
        ----------
        column : shape (n,); NaN is missing.
        """
        present = column[np.isfinite(column)]
        if present.size == 0:
            return cls(edges=(), counts=(0,), missing=int(np.isnan(column).sum()))
        shares = np.linspace(0, 1, MAX_BINS + 1)
        ends = np.unique(np.quantile(present, shares, method="inverted_cdf"))
        below = np.nextafter(ends[0], -np.inf)
        edges = np.concatenate([[below], ends]) if np.isfinite(below) else ends
        return cls._counted(tuple(edges.tolist()), column, bins=len(edges) + 1)

    @classmethod
    def of_places(cls, column: FloatArray, *, count: int) -> Spread:
        """Count a column of categories.

        Parameters
        ----------
        column : places, shape (n,); NaN is missing, what is no place was not learned.
        count : how many categories were learned.

        Examples
        --------
        >>> Spread.of_places(np.array([0.0, 1.0, 1.0, -1.0, np.nan]), count=2).counts
        (1, 2, 1)
        """
        return cls._counted(None, column, bins=count + 1)

    @classmethod
    def _counted(cls, edges: tuple[float, ...] | None, column: FloatArray, *, bins: int) -> Spread:
        empty = cls(edges=edges, counts=(0,) * bins, missing=0)
        return cls(
            edges=edges,
            counts=tuple(empty.count(column).tolist()),
            missing=int(np.isnan(column).sum()),
        )

    @property
    def total(self) -> int:
        """How many values were present."""
        return sum(self.counts)

    @property
    def missing_share(self) -> float:
        """Share of missing values; 0 where there was nobody."""
        everybody = self.total + self.missing
        return self.missing / everybody if everybody else 0.0

    def count(self, column: FloatArray) -> Counts:
        """Return how many values of another column lie in each bin, shape (bins,)."""
        present = column[~np.isnan(column)]
        bins = len(self.counts)
        if self.edges is not None:
            places = np.searchsorted(np.asarray(self.edges), present, side="left")
        else:
            is_known = (present >= 0) & (present < bins - 1)
            places = np.where(is_known, np.where(is_known, present, 0), bins - 1).astype(np.intp)
        return np.bincount(places, minlength=bins).astype(np.int64)

    def groups(self) -> NDArray[np.intp]:
        """Return for each bin the group that it belongs to, shape (bins,).

        About ten groups of equal share, as far as single values allow; categories are groups of
        their own where one in a hundred has them, and what was not learned is one, too.
        """
        counts = np.asarray(self.counts, dtype=np.float64)
        total = counts.sum()
        if total == 0:
            return np.zeros(len(counts), dtype=np.intp)
        if self.edges is None:
            is_apart = counts >= RARE * total
            is_apart[-1] = True
            labels = np.where(is_apart, np.arange(len(counts)), -1)
        else:
            middles = (np.cumsum(counts) - counts / 2) / total
            labels = np.floor(GROUPS * middles).clip(0, GROUPS - 1).astype(np.intp)
        return np.unique(labels, return_inverse=True)[1]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        return {
            "edges": None if self.edges is None else list(self.edges),
            "counts": list(self.counts),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Spread:
        """Make a spread of what :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If it makes no sense.
        """
        edges, counts, missing = read["edges"], read["counts"], read["missing"]
        if not all(type(each) is int and each >= 0 for each in (*counts, missing)):
            raise ValueError("counts must be whole numbers of at least zero")
        if edges is not None:
            values = np.array(edges, dtype=np.float64)
            if not (np.isfinite(values).all() and np.all(np.diff(values) > 0)):
                raise ValueError("edges must rise")
            edges = tuple(values.tolist())
        if len(counts) != (len(edges) + 1 if edges is not None else max(len(counts), 1)):
            raise ValueError("there must be a count for each bin")
        return cls(edges=edges, counts=tuple(counts), missing=missing)
