"""Which families of features matter to a score, and which feature speaks for each of them.

All that a model's features decide is worked out once. Tables have a row for each feature and a
column for each customer. Words are in :mod:`ebbtide.reasons`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.grouped import Groups, added_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.scorer.typical import TypicalByOutcome

REASON_COUNT = 3

MATERIAL_SHARE = 0.05
"""Share of all that moves a row's score below which a family of features is not worth a word."""

TELLING_SHARE = 0.05
"""Share of the way from stayers to leavers that a value must have gone to tell anything."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Families:
    """The families of a model's features.

    Parameters
    ----------
    groups : features by family, in the order in which families first appear.
    of_feature : the family of each feature, shape (features,).
    """

    groups: Groups
    of_feature: IndexArray

    @classmethod
    def of(cls, features: Sequence[FeatureContract]) -> Families:
        """Group features."""
        members: dict[str, list[int]] = {}
        for column, feature in enumerate(features):
            members.setdefault(feature.family, []).append(column)
        place_of = {family: place for place, family in enumerate(members)}
        return cls(
            groups=Groups.of(list(members.values())),
            of_feature=np.array([place_of[f.family] for f in features], dtype=np.intp),
        )

    def material(self, contributions: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the contributions of the families that matter to each customer, and their sums.

        The features of a family say much the same, so that their contributions are summed before
        they are judged. A family matters if its sum raises the risk and is more than a twentieth
        of what all families together do, up or down.

        Parameters
        ----------
        contributions : exact contributions, shape (features, n).

        Returns
        -------
        tuple[FloatArray, FloatArray]
            Of shapes (features, n) and (families, n); zero for families that do not matter.
        """
        net = self.groups.sums(contributions)
        matters = net > MATERIAL_SHARE * added_in_order(np.abs(net))
        material = np.where(matters[self.of_feature], contributions, 0.0)
        return material, np.where(matters, net, 0.0)

    def leaders(self, material: FloatArray, *, sums: FloatArray, may_lead: BoolArray) -> IndexArray:
        """Return the features that speak for the families that raise the risk most.

        Parameters
        ----------
        material, sums : contributions of the families that matter, shapes (features, n) and
            (families, n).
        may_lead : which features may speak, shape (features, n); see :class:`BadNews`.

        Returns
        -------
        IndexArray
            Features, of the greatest family first, shape (n, 3); -1 where fewer raise the risk.
            Ties go to what comes first.
        """
        every = np.arange(material.shape[1])
        shown = np.where(may_lead, material, 0.0)
        weight = np.where(self.groups.greatest(shown) > 0, sums, 0.0)
        leaders = np.empty((len(every), REASON_COUNT), dtype=np.intp)
        for place in range(REASON_COUNT):
            family = weight.argmax(axis=0)
            members = self.groups.members[family].T
            leader = members[shown[members, every].argmax(axis=0), every]
            leaders[:, place] = np.where(weight[family, every] > 0, leader, -1)
            weight[family, every] = 0.0
        return leaders


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BadNews:
    """Which values read as bad news beside what is typical.

    Parameters
    ----------
    undirected, falling, falling_untypical, rising : features by the direction of their risk; those
        whose risk falls, apart where nothing is typical.
    telling, telling_categories : features whose typical values tell stayers from leavers.
    typical, stayers, leavers : typical values, shape (features, 1); NaN where there is none.
    is_category : shape (features, 1).
    """

    undirected: IndexArray
    falling: IndexArray
    falling_untypical: IndexArray
    rising: IndexArray
    telling: IndexArray
    telling_categories: IndexArray
    typical: FloatArray
    stayers: FloatArray
    leavers: FloatArray
    is_category: BoolArray

    @classmethod
    def of(
        cls,
        features: Sequence[FeatureContract],
        *,
        typical: FloatArray,
        by_outcome: TypicalByOutcome,
    ) -> BadNews:
        """Work out what a model's features and its typical values decide."""
        has_typical = ~np.isnan(typical)
        tells = [
            feature.tells_apart(float(stayers), float(leavers))
            for feature, stayers, leavers in zip(
                features, by_outcome.stayers, by_outcome.leavers, strict=True
            )
        ]
        is_category = np.array([feature.is_categorical for feature in features], dtype=np.bool_)
        falls = np.array([feature.risk == "falls" for feature in features], dtype=np.bool_)
        return cls(
            undirected=np.flatnonzero([feature.risk is None for feature in features]),
            falling=np.flatnonzero(falls & has_typical),
            falling_untypical=np.flatnonzero(falls & ~has_typical),
            rising=np.flatnonzero([feature.risk == "rises" for feature in features]),
            telling=np.flatnonzero(np.array(tells, dtype=np.bool_) & ~is_category),
            telling_categories=np.flatnonzero(np.array(tells, dtype=np.bool_) & is_category),
            typical=np.asarray(typical, dtype=np.float64)[:, None],
            stayers=np.asarray(by_outcome.stayers, dtype=np.float64)[:, None],
            leavers=np.asarray(by_outcome.leavers, dtype=np.float64)[:, None],
            is_category=is_category[:, None],
        )

    def among(self, values: FloatArray) -> BoolArray:
        """Return which values read as bad news, shape (features, n).

        A feature whose direction of risk is agreed does so only with a value that is worse than
        typical: a reason that reads as good news would be exact and still mislead. Without an
        agreed direction a number does unless it is the typical one. Where stayers and leavers are
        known to differ, a value on the stayers' side does not.

        Parameters
        ----------
        values : feature values, shape (features, n); NaN is missing.
        """
        is_bad = np.zeros(values.shape, dtype=np.bool_)
        some = self.undirected
        # "0 (typical 0)" would be exact and say nothing; the commonest category says what it is.
        is_bad[some] = (values[some] != self.typical[some]) | self.is_category[some]
        some = self.falling
        is_bad[some] = ~(values[some] >= self.typical[some])
        is_bad[self.falling_untypical] = np.isfinite(values[self.falling_untypical])
        some = self.rising
        is_bad[some] = values[some] > np.where(
            np.isnan(self.typical[some]), -np.inf, self.typical[some]
        )
        some = self.telling
        if some.size:
            way = (values[some] - self.stayers[some]) / (self.leavers[some] - self.stayers[some])
            is_bad[some] &= ~(way <= TELLING_SHARE)
        some = self.telling_categories
        if some.size:
            is_bad[some] &= values[some] != self.stayers[some]
        return is_bad
