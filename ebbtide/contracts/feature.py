"""What a feature promises to whoever reads its value: unit, range, meaning of null, words.

How it is computed is not said here but in ``features.catalogue``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.contracts.learned import UNSEEN, Learned
from ebbtide.words import Words

if TYPE_CHECKING:
    from ebbtide.causes import Cause
    from ebbtide.words import Language


RiskDirection = Literal["rises", "falls"]

_UNSEEN = Words("{name} has a value that was not learned", "{name} 的取值未被模型学习")
_TYPICAL = Words(" (typical: {typical})", "（典型：{typical}）")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureContract:
    """The public face of one feature.

    Parameters
    ----------
    name : snake case, with the unit where there is one.
    family : recency, frequency, monetary, complaints ...
    table : the raw table it is computed from.
    unit : days, purchases, currency, share ...
    low, high : smallest and largest value that can occur; None is unbounded.
    meaning : one sentence for the reference.
    reason : a statement of fact for a customer's reasons, with ``{value}`` and ``{typical}``.
    cause : what the evidence may point at.
    when_null : what a missing value means; None where the value can never be missing.
    risk : whether risk ``rises`` or ``falls`` with the value, where that is agreed beforehand.
    learned : for a column of a snapshot table, what the model saw of it; None for a feature of the
        catalogue. Beyond it a value is tolerated with a warning, while low and high are enforced.
    """

    name: str
    family: str
    table: str
    unit: str
    meaning: str
    reason: Words
    cause: Cause
    low: float | None = None
    high: float | None = None
    when_null: Words | None = None
    risk: RiskDirection | None = None
    learned: Learned | None = None

    @property
    def is_categorical(self) -> bool:
        """Whether values are places among categories."""
        return self.learned is not None and self.learned.is_categorical

    def shown(self, value: float) -> float | str | None:
        """Return a value as a reader knows it: the text of a category; None where missing."""
        if self.learned is not None and self.learned.is_categorical:
            return self.learned.text(value)
        return float(value) if math.isfinite(value) else None

    @property
    def is_nullable(self) -> bool:
        """Whether a missing value has a meaning."""
        return self.when_null is not None

    def reason_text(self, value: float, typical: float, language: Language) -> str:
        """State the value of one customer in words.

        Parameters
        ----------
        value : the customer's value; NaN is missing.
        typical : the median of the living customers; NaN if most have none.
        language : the language of the answer.
        """
        if math.isnan(value):
            return self.when_null[language] if self.when_null else ""
        if self.learned is not None and self.learned.is_categorical:
            return self._category_text(self.learned, value, typical, language)
        return self.reason[language].format(
            value=plain_number(value), typical=plain_number(typical) if typical == typical else "–"
        )

    def _category_text(
        self, learned: Learned, value: float, typical: float, language: Language
    ) -> str:
        """Say what is typical only where the customer differs from it."""
        if value == UNSEEN:
            return _UNSEEN[language].format(name=self.name)
        fact = self.reason[language].format(value=learned.text(value))
        usual = learned.text(typical)
        if usual is None or value == typical:
            return fact
        return fact + _TYPICAL[language].format(typical=usual)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> FeatureContract:
        """Make a contract from what :meth:`to_json` wrote."""
        when_null, learned = read["when_null"], read["learned"]
        return cls(
            **{
                **read,
                "reason": Words(**read["reason"]),
                "when_null": None if when_null is None else Words(**when_null),
                "learned": None if learned is None else Learned.from_json(learned),
            }
        )


def plain_number(value: float) -> str:
    """Write a number as a person would: few digits, no exponent.

    Examples
    --------
    >>> plain_number(143.0), plain_number(0.1234), plain_number(1234.56)
    ('143', '0.12', '1,235')
    """
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
