"""What the product decides for columns of customers, asked for rows, as tests read better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.answer.unlearned import Lessons
from ebbtide.families import BadNews, Families
from ebbtide.reasons import reasons_in
from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grouped import IndexArray
    from ebbtide.reasons import Reason
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language


def material_contributions(
    contributions: FloatArray, *, features: Sequence[FeatureContract]
) -> FloatArray:
    """Return the contributions of the families that matter to each row; the others become zero."""
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
    """Return the leading feature of the families that raise the risk most, for each row."""
    groups = by_outcome or TypicalByOutcome.unknown(len(features))
    news = BadNews.of(features, typical=typical, by_outcome=groups)
    families = Families.of(features)
    return families.leaders(
        material.T, sums=families.groups.sums(material.T), may_lead=news.among(rows.T)
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
    """Put one row's top features into words."""
    groups = by_outcome or TypicalByOutcome.unknown(len(features))
    shared = reasons_in(language, features=features, typical=typical, by_outcome=groups)
    return tuple(
        shared[column].reason(
            contribution=float(contributions[column]), value=float(values[column])
        )
        for column in top.tolist()
        if column >= 0
    )


def unlearned_share(
    values: FloatArray, contributions: FloatArray, features: Sequence[FeatureContract]
) -> float:
    """Return which share of what moves a row's score comes of what was not learned, in [0, 1]."""
    lessons = Lessons.of(features)
    found = lessons.beyond(values[:, None])
    return 0.0 if found is None else float(lessons.share(found, contributions[:, None])[0])
