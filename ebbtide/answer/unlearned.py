"""What of a customer's values a model did not learn from, by the contracts of its features.

Only columns of a snapshot table are concerned: the features of the catalogue have hard ranges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.learned import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import WarningCode
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.scorer.scores import FloatArray


_CODES: tuple[WarningCode | None, ...] = (
    None,
    "unlearned_null",
    "unseen_category",
    "unlearned_range",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """What a model learned of its features, as arrays.

    Parameters
    ----------
    names : of all features, in the order of the columns.
    columns : of those features that a contract says what was learned of.
    had_null, is_category, low, high : of these, shape (columns, 1); limits that are not there are
        infinite.
    """

    names: tuple[str, ...]
    columns: IndexArray
    had_null: BoolArray
    is_category: BoolArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, features: Sequence[FeatureContract]) -> Lessons:
        """Read the contracts of features."""
        told = [
            (column, feature.learned)
            for column, feature in enumerate(features)
            if feature.learned is not None
        ]
        learned = [each for _, each in told]
        has_limits = [not each.is_categorical for each in learned]

        def limits(name: str, absent: float) -> FloatArray:
            found = [getattr(each, name) for each in learned]
            bounded = [
                absent if low is None or not has else low
                for low, has in zip(found, has_limits, strict=True)
            ]
            return np.array(bounded, dtype=np.float64)[:, None]

        return cls(
            names=tuple(feature.name for feature in features),
            columns=np.array([column for column, _ in told], dtype=np.intp),
            had_null=np.array([each.had_null for each in learned], dtype=np.bool_)[:, None],
            is_category=np.array([each.is_categorical for each in learned], dtype=np.bool_)[
                :, None
            ],
            low=limits("low", -math.inf),
            high=limits("high", math.inf),
        )

    def beyond(self, values: FloatArray) -> IndexArray | None:
        """Return what of the values was not learned; None where nothing is.

        Parameters
        ----------
        values : shape (features, n); NaN is missing.

        Returns
        -------
        IndexArray or None
            Shape (columns, n): 0 for what was learned, else what kind of thing it is.
        """
        if not self.columns.size:
            return None
        told = values[self.columns]
        is_missing = np.isnan(told)
        found = np.where(is_missing & ~self.had_null, 1, 0)
        found[self.is_category & (told == UNSEEN)] = 2
        found[(told < self.low) | (told > self.high)] = 3
        return found if found.any() else None

    def named(self, found: IndexArray) -> list[tuple[WarningCode, str]]:
        """Return the codes and names of one customer, in the features' order.

        Parameters
        ----------
        found : a column of :meth:`beyond`, shape (columns,).
        """
        named: list[tuple[WarningCode, str]] = []
        for place in np.flatnonzero(found).tolist():
            code = _CODES[int(found[place])]
            assert code is not None, "what was learned has no code"
            named.append((code, self.names[int(self.columns[place])]))
        return named

    def share(self, found: IndexArray, contributions: FloatArray) -> FloatArray:
        """Return which share of what moves each score comes of what was not learned, in [0, 1].

        Parameters
        ----------
        found : as :meth:`beyond` returns it, shape (columns, n).
        contributions : shape (features, n).
        """
        within, total = np.zeros(contributions.shape[1]), np.zeros(contributions.shape[1])
        moved = np.abs(contributions)
        for each in moved:
            total += each
        for column, is_beyond in zip(self.columns.tolist(), found > 0, strict=True):
            within += np.where(is_beyond, moved[column], 0.0)
        return np.divide(within, total, out=np.zeros_like(total), where=total > 0)


def unlearned(
    values: FloatArray, features: Sequence[FeatureContract]
) -> list[tuple[WarningCode, str]]:
    """Return what one row holds beyond what was learned: code and name, in the features' order.

    Parameters
    ----------
    values : the row, shape (features,); NaN is missing.
    features : the features, in the order of the columns.
    """
    lessons = Lessons.of(features)
    found = lessons.beyond(values[:, None])
    return [] if found is None else lessons.named(found[:, 0])
