"""Why a customer's risk is high: the contributions that raise it most, in words.

Words state facts about the customer; they never claim that a fact is the cause.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ebbtide.causes import Cause
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

REASON_COUNT = 3

MATERIAL_SHARE = 0.05
"""Share of all that moves a row's score below which a family of features is not worth a word."""

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that raises a customer's risk.

    Parameters
    ----------
    feature, family : the feature and its family.
    cause : what the evidence may point at.
    contribution : its exact share in the raw score's distance from the average, > 0.
    value : the customer's value; None where it is missing.
    typical : median of the living customers; None where most have none.
    text : the fact in words.
    """

    feature: str
    family: str
    cause: Cause
    contribution: float
    value: float | None
    typical: float | None
    text: str


def material_contributions(
    contributions: FloatArray, *, features: Sequence[FeatureContract]
) -> FloatArray:
    """Return the contributions of the families that matter to each row; the others become zero.

    The features of a family say much the same, so that their contributions are summed before they
    are judged. A family matters if its sum raises the risk and is more than a twentieth of what all
    families together do, up or down. What is not material is no reason, and no ground for an
    action.

    Parameters
    ----------
    contributions : exact contributions, shape (n, features); above zero raises the risk.
    features : the features, in the order of the columns.

    Returns
    -------
    FloatArray
        Shape (n, features).
    """
    families = _columns_by_family(features)
    net = np.stack([_sum(contributions, columns) for columns in families.values()], axis=1)
    moved = _sum(np.abs(net), range(len(families)))
    material = np.zeros_like(contributions)
    for place, columns in enumerate(families.values()):
        matters = net[:, place] > MATERIAL_SHARE * moved
        for column in columns:
            material[:, column] = np.where(matters, contributions[:, column], 0.0)
    return material


def top_features(material: FloatArray, *, features: Sequence[FeatureContract]) -> IndexArray:
    """Return the leading feature of the families that raise the risk most, for each row.

    Parameters
    ----------
    material : contributions of the families that matter, shape (n, features), as
        :func:`material_contributions` returns them.
    features : the features, in the order of the columns.

    Returns
    -------
    IndexArray
        Columns of the features, greatest family first, shape (n, 3); -1 where fewer raise the risk.
        Ties go to the feature that comes first.
    """
    count = len(material)
    families = _columns_by_family(features)
    best = np.full((count, max(len(families), REASON_COUNT)), -1, dtype=np.intp)
    weight = np.zeros(best.shape)
    for place, columns in enumerate(families.values()):
        leader = np.argmax(material[:, columns], axis=1)
        best[:, place] = np.asarray(columns, dtype=np.intp)[leader]
        weight[:, place] = _sum(material, columns)
    order = np.argsort(-weight, axis=1, kind="stable")[:, :REASON_COUNT]
    rows = np.arange(count)[:, None]
    return np.where(weight[rows, order] > 0, best[rows, order], -1)


def _columns_by_family(features: Sequence[FeatureContract]) -> dict[str, list[int]]:
    families: dict[str, list[int]] = {}
    for column, feature in enumerate(features):
        families.setdefault(feature.family, []).append(column)
    return families


def _sum(table: FloatArray, columns: Iterable[int]) -> FloatArray:
    """Sum columns one by one, so that a row's sum has the same bits in any batch."""
    total = np.zeros(len(table))
    for column in columns:
        total += table[:, column]
    return total


def reasons_of_row(
    top: IndexArray,
    *,
    features: Sequence[FeatureContract],
    contributions: FloatArray,
    values: FloatArray,
    typical: FloatArray,
    language: Language,
) -> tuple[Reason, ...]:
    """Put one row's top features into words.

    Parameters
    ----------
    top : a row of :func:`top_features`, shape (3,).
    features : the features, in the order of the columns.
    contributions, values : the row's contributions and values, shape (features,).
    typical : median of each feature among living customers, NaN where most have none.
    language : the language of the texts.
    """
    return tuple(
        Reason(
            feature=features[column].name,
            family=features[column].family,
            cause=features[column].cause,
            contribution=float(contributions[column]),
            value=_number_or_none(values[column]),
            typical=_number_or_none(typical[column]),
            text=features[column].reason_text(
                float(values[column]), float(typical[column]), language
            ),
        )
        for column in top.tolist()
        if column >= 0
    )


def _number_or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
