"""Why a customer's risk is high: the contributions that raise it most, in words.

Words state facts about the customer; they never claim that a fact is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.telling import Telling
from ebbtide.families import REASON_COUNT, BadNews, Families
from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.causes import Cause
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grouped import IndexArray
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

__all__ = [
    "REASON_COUNT",
    "Reason",
    "ReasonOf",
    "material_contributions",
    "reasons_in",
    "reasons_of_row",
    "top_features",
]


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

    What is not material is no reason, and no ground for an action; see
    :meth:`ebbtide.families.Families.material`.

    Parameters
    ----------
    contributions : exact contributions, shape (n, features); above zero raises the risk.
    features : the features, in the order of the columns.

    Returns
    -------
    FloatArray
        Shape (n, features).
    """
    material, _ = Families.of(features).material(contributions.T)
    return material.T


def top_features(
    material: FloatArray,
    *,
    rows: FloatArray,
    typical: FloatArray,
    features: Sequence[FeatureContract],
    by_outcome: TypicalByOutcome | None = None,
) -> IndexArray:
    """Return the leading feature of the families that raise the risk most, for each row.

    Which values may lead is said in :meth:`ebbtide.families.BadNews.among`.

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
    groups = by_outcome or TypicalByOutcome.unknown(len(features))
    news = BadNews.of(features, typical=typical, by_outcome=groups)
    families = Families.of(features)
    return families.leaders(
        material.T, sums=families.groups.sums(material.T), may_lead=news.among(rows.T)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonOf:
    """All of a reason that does not depend on the customer.

    Parameters
    ----------
    feature : the feature.
    telling : how it is told of.
    typical, typical_stayers, typical_leavers : as in :class:`Reason`.
    """

    feature: FeatureContract
    telling: Telling
    typical: float | str | None
    typical_stayers: float | str | None
    typical_leavers: float | str | None

    def reason(self, *, contribution: float, value: float) -> Reason:
        """Return the reason of a customer with a contribution and a value; NaN is missing."""
        return Reason(
            feature=self.feature.name,
            family=self.feature.family,
            cause=self.feature.cause,
            contribution=contribution,
            value=self.feature.shown(value),
            typical=self.typical,
            text=self.telling.text(value),
            typical_stayers=self.typical_stayers,
            typical_leavers=self.typical_leavers,
        )


def reasons_in(
    language: Language,
    *,
    features: Sequence[FeatureContract],
    typical: FloatArray,
    by_outcome: TypicalByOutcome,
) -> tuple[ReasonOf, ...]:
    """Return for each feature what its reasons share.

    Parameters
    ----------
    language : the language of the texts.
    features : the features, in the order of the columns.
    typical : median of each feature among living customers, NaN where most have none.
    by_outcome : what is typical of stayers and of leavers.
    """
    return tuple(
        ReasonOf(
            feature=feature,
            telling=Telling.of(feature, usual, language, stayers=stayers, leavers=leavers),
            typical=feature.shown(usual),
            typical_stayers=feature.shown(stayers),
            typical_leavers=feature.shown(leavers),
        )
        for feature, usual, stayers, leavers in zip(
            features,
            typical.tolist(),
            by_outcome.stayers.tolist(),
            by_outcome.leavers.tolist(),
            strict=True,
        )
    )


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
    shared = reasons_in(language, features=features, typical=typical, by_outcome=groups)
    return tuple(
        shared[column].reason(
            contribution=float(contributions[column]), value=float(values[column])
        )
        for column in top.tolist()
        if column >= 0
    )
