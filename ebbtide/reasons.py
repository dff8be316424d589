"""Why a customer's risk is high: the contributions that raise it most, in words.

Words state facts about the customer; they never claim that a fact is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ebbtide.causes import Cause
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

REASON_COUNT = 3

MATERIAL_SHARE = 0.05
"""Share of all that moves a row's score below which a family of features is not worth a word."""

TELLING_SHARE = 0.05
"""Share of the way from stayers to leavers that a value must have gone to tell anything."""

IndexArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that raises a customer's risk.

    Parameters
    ----------
    feature, family : the feature and its family.
    cause : what the evidence may point at.
    contribution : its exact share in the raw score's distance from the average, > 0.
    value : the customer's value, a category as text; None where it is missing.
    typical : median of the living customers, or their commonest category; None where most have
        none.
    typical_stayers, typical_leavers : the same of those who stayed and left in training; None where
        nothing is known of the group.
    text : the fact in words.
    """

    feature: str
    family: str
    cause: Cause
    contribution: float
    value: float | str | None
    typical: float | str | None
    text: str
    typical_stayers: float | str | None = None
    typical_leavers: float | str | None = None


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


def top_features(
    material: FloatArray,
    *,
    rows: FloatArray,
    typical: FloatArray,
    features: Sequence[FeatureContract],
    by_outcome: TypicalByOutcome | None = None,
) -> IndexArray:
    """Return the leading feature of the families that raise the risk most, for each row.

    A feature whose direction of risk is agreed leads only with a value that is worse than typical:
    a reason that reads as good news would be exact and still mislead. Without an agreed direction
    a number leads unless it is the typical one. Where stayers and leavers are known to differ, a
    value on the stayers' side does not lead.

    Parameters
    ----------
    material : contributions of the families that matter, shape (n, features), as
        :func:`material_contributions` returns them.
    rows : feature values, shape (n, features); NaN is missing.
    typical : median of each feature among living customers, NaN where most have none.
    features : the features, in the order of the columns.
    by_outcome : what is typical of stayers and of leavers; None where nothing is known of them.

    Returns
    -------
    IndexArray
        Columns of the features, greatest family first, shape (n, 3); -1 where fewer raise the risk.
        Ties go to the feature that comes first.
    """
    count = len(material)
    families = _columns_by_family(features)
    groups = by_outcome or TypicalByOutcome.unknown(len(features))
    worse = np.stack(
        [
            _reads_worse(rows[:, column], float(typical[column]), feature)
            & ~_is_as_stayers(
                rows[:, column],
                feature,
                stayers=float(groups.stayers[column]),
                leavers=float(groups.leavers[column]),
            )
            for column, feature in enumerate(features)
        ],
        axis=1,
    )
    best = np.full((count, max(len(families), REASON_COUNT)), -1, dtype=np.intp)
    weight = np.zeros(best.shape)
    for place, columns in enumerate(families.values()):
        shown = np.where(worse[:, columns], material[:, columns], 0.0)
        leader = np.argmax(shown, axis=1)
        best[:, place] = np.asarray(columns, dtype=np.intp)[leader]
        leads = shown[np.arange(count), leader] > 0
        weight[:, place] = np.where(leads, _sum(material, columns), 0.0)
    order = np.argsort(-weight, axis=1, kind="stable")[:, :REASON_COUNT]
    each = np.arange(count)[:, None]
    return np.where(weight[each, order] > 0, best[each, order], -1)


def _reads_worse(values: FloatArray, typical: float, feature: FeatureContract) -> BoolArray:
    """Whether each value reads as bad news, as far as the feature's direction is agreed."""
    if feature.risk is None:
        # "0 (typical 0)" would be exact and say nothing; the commonest category says what it is.
        return np.asarray((values != typical) | feature.is_categorical, dtype=np.bool_)
    if feature.risk == "falls":
        return np.isnan(values) | (values < typical) if typical == typical else np.isfinite(values)
    return np.asarray(values > (typical if typical == typical else -np.inf), dtype=np.bool_)


def _is_as_stayers(
    values: FloatArray, feature: FeatureContract, *, stayers: float, leavers: float
) -> BoolArray:
    """Whether each value, beside what is typical of both groups, would read as good news."""
    if not feature.tells_apart(stayers, leavers):
        return np.zeros(len(values), dtype=np.bool_)
    if feature.is_categorical:
        return np.asarray(values == stayers, dtype=np.bool_)
    way = (values - stayers) / (leavers - stayers)
    return np.asarray(way <= TELLING_SHARE, dtype=np.bool_)


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
    by_outcome: TypicalByOutcome | None = None,
) -> tuple[Reason, ...]:
    """Put one row's top features into words.

    Parameters
    ----------
    top : a row of :func:`top_features`, shape (3,).
    features : the features, in the order of the columns.
    contributions, values : the row's contributions and values, shape (features,).
    typical : median of each feature among living customers, NaN where most have none.
    language : the language of the texts.
    by_outcome : what is typical of stayers and of leavers; None where nothing is known of them.
    """
    groups = by_outcome or TypicalByOutcome.unknown(len(features))
    return tuple(
        Reason(
            feature=features[column].name,
            family=features[column].family,
            cause=features[column].cause,
            contribution=float(contributions[column]),
            value=features[column].shown(float(values[column])),
            typical=features[column].shown(float(typical[column])),
            typical_stayers=features[column].shown(float(groups.stayers[column])),
            typical_leavers=features[column].shown(float(groups.leavers[column])),
            text=features[column].reason_text(
                float(values[column]),
                float(typical[column]),
                language,
                stayers=float(groups.stayers[column]),
                leavers=float(groups.leavers[column]),
            ),
        )
        for column in top.tolist()
        if column >= 0
    )
