"""Why a customer's risk is high: the contributions that raise it most, in words.

Words state facts about the customer; they never claim that a fact is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ebbtide.contracts.telling import Telling
from ebbtide.families import REASON_COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.causes import Cause
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.scorer.typical import TypicalByOutcome
    from ebbtide.words import Language

__all__ = [
    "REASON_COUNT",
    "Reason",
    "ReasonOf",
    "reasons_in",
]


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
