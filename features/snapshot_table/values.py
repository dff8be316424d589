"""Rows of a snapshot table as the numbers that a model reads, by the contract of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.snapshot_table.inference import number_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.raw import RawColumn, RawTable


def table_rows(raw: RawTable, features: Sequence[FeatureContract]) -> FloatArray:
    """Return the values of features, shape (n, features).

    NaN is null, and -1 a category that the contract does not know.

    Parameters
    ----------
    raw : the table; it has a column for each feature.
    features : the columns that are read, with what may be learned of each.
    """
    return np.column_stack([column_values(raw.columns[f.name], f) for f in features])


def column_values(column: RawColumn, feature: FeatureContract) -> FloatArray:
    """Return the values of one column, shape (n,)."""
    assert feature.learned is not None, "a feature of the catalogue has no column"
    if not feature.learned.is_categorical:
        return number_values(column)
    codes = np.array([feature.learned.code(text) for text in column.texts], dtype=np.float64)
    return column.values(codes)
