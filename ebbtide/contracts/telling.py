"""One feature's values in words: all that does not depend on the customer is composed once.

What a feature promises is in :mod:`ebbtide.contracts.feature`; how numbers are written, in
:mod:`ebbtide.contracts.wording`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.learned import UNSEEN
from ebbtide.contracts.wording import beside_typical, number_in_words, numbers_in_words
from ebbtide.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.words import Language

_UNSEEN = Words("{name} has a value that was not learned", "{name} 的取值未被模型学习")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How one feature is told of in one language.

    Parameters
    ----------
    fact : what is true of the customer, with ``{value}`` and ``{s}``.
    usual : what follows the fact: typical values, or nothing.
    usual_at_typical : the same where a category is the typical one.
    missing, unseen : what is said where there is no value, and where a category was not learned.
    typical : what is typical of all, NaN if most have none.
    unit : of a number.
    categories : texts of the categories; None for a number.
    language : of the texts.
    """

    fact: str
    usual: str
    usual_at_typical: str
    missing: str
    unseen: str
    typical: float
    unit: str
    categories: tuple[str, ...] | None
    language: Language

    @classmethod
    def of(
        cls,
        feature: FeatureContract,
        typical: float,
        language: Language,
        *,
        stayers: float = math.nan,
        leavers: float = math.nan,
    ) -> Telling:
        """Compose it.

        Parameters
        ----------
        feature : the feature.
        typical : what is typical of the living customers; NaN if most have none.
        language : of the texts.
        stayers, leavers : what is typical of those who stayed and left; NaN if unknown. They are
            said where they differ in the way that is agreed, else what is typical of all is.
        """
        learned = feature.learned
        unit = feature.unit if learned is None else ""

        def in_words(value: float) -> str | None:
            if learned is not None and learned.is_categorical:
                return learned.text(value)
            if not math.isfinite(value):
                return None
            return number_in_words(value, unit=unit, language=language)

        tells = feature.tells_apart(stayers, leavers)
        usual, usual_at_typical = (
            beside_typical(
                "",
                typical=each,
                stayers=in_words(stayers) if tells else None,
                leavers=in_words(leavers) if tells else None,
                language=language,
            )
            for each in (in_words(typical), None)
        )
        return cls(
            fact=feature.reason[language],
            usual=usual,
            usual_at_typical=usual_at_typical,
            missing=feature.when_null[language] if feature.when_null else "",
            unseen=_UNSEEN[language].format(name=feature.name),
            typical=typical,
            unit=unit,
            categories=learned.categories if learned and learned.is_categorical else None,
            language=language,
        )

    def text(self, value: float) -> str:
        """State the value of one customer; NaN is missing."""
        if value != value:
            return self.missing
        if self.categories is None:
            return self._of_number(number_in_words(value, unit=self.unit, language=self.language))
        if value == UNSEEN:
            return self.unseen
        told = self.categories[int(value)] if 0 <= value < len(self.categories) else None
        usual = self.usual_at_typical if value == self.typical else self.usual
        return self.fact.format(value=told, s="" if told == "1" else "s") + usual

    def texts(self, values: NDArray[np.float64]) -> tuple[NDArray[np.intp], list[str]]:
        """State the values of many customers: each text once, and which of them is whose.

        Parameters
        ----------
        values : shape (n,); NaN is missing.
        """
        which = np.empty(len(values), dtype=np.intp)
        if self.categories is not None:
            different, which = np.unique(values, return_inverse=True)
            return which, [self.text(value) for value in different.tolist()]
        is_there = np.isfinite(values)
        which[is_there], words = numbers_in_words(
            values[is_there], unit=self.unit, language=self.language
        )
        which[~is_there] = len(words)
        return which, [*(self._of_number(told) for told in words), self.missing]

    def _of_number(self, told: str) -> str:
        return self.fact.format(value=told, s="" if told == "1" else "s") + self.usual
