"""The same trees with their thresholds moved from ranks to the values themselves.

Ebbtide's trees read ranks. For servers that know no ranks each threshold is replaced by the
greatest value whose rank does not lie above it, so that every row falls into the very same leaves
and gets the very same probability. No server is spared a step, and all get the same body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray

_LARGEST = 1e300  # what LightGBM writes where everything but a missing value goes left


def moved_to_values(text: str, scales: Sequence[Scale]) -> str:
    """Return a model on values instead of ranks, in LightGBM's text format.

    Parameters
    ----------
    text : the model on ranks, without categories.
    scales : from values to ranks, a rising one for each column.
    """
    header, *trees = re.split(r"(?m)^(?=Tree=)", text)
    header = re.sub(r"(?m)^tree_sizes=.*\n", "", header)  # of the text as it was; may be left out
    return header + "".join(_moved(tree, scales) for tree in trees)


def _moved(tree: str, scales: Sequence[Scale]) -> str:
    columns = np.array(_line(tree, "split_feature").split(), dtype=np.intp)
    ranks = np.array(_line(tree, "threshold").split(), dtype=np.float64)
    values = np.empty_like(ranks)
    for column in np.unique(columns):
        own = columns == column
        values[own] = greatest_not_above(scales[column], ranks[own])
    written = " ".join(repr(value) for value in values.tolist())
    return re.sub(r"(?m)^threshold=.*$", f"threshold={written}", tree)


def _line(tree: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}=(.*)$", tree)
    return found[1] if found else ""


def greatest_not_above(scale: Scale, ranks: FloatArray) -> FloatArray:
    """Return the greatest values whose ranks do not lie above some ranks, by bisection.

    As exact as numbers are: the next greater number ranks above.
    """
    # Doubles of one sign are ordered as the integers of their bits are: halve those.
    is_negative = scale.rank(np.zeros(ranks.shape)) > ranks
    low = _ordered(np.where(is_negative, -_LARGEST, 0.0))
    high = _ordered(np.where(is_negative, 0.0, _LARGEST))
    is_all_below = scale.rank(_number(high)) <= ranks
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        is_below = scale.rank(_number(middle)) <= ranks
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.where(is_all_below, _LARGEST, _number(low))


def _ordered(numbers: FloatArray) -> np.ndarray:
    """Return integers that are ordered as numbers are."""
    bits = numbers.view(np.int64)
    return np.where(bits >= 0, bits, -(bits & np.int64(2**63 - 1)))


def _number(ordered: np.ndarray) -> FloatArray:
    magnitude = np.abs(ordered).view(np.float64)
    return np.where(ordered >= 0, magnitude, -magnitude)
