"""What a feature promises to whoever reads its value: unit, range, meaning of null, words.

How it is computed is not said here but in ``features.catalogue``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.words import Words

if TYPE_CHECKING:
    from ebbtide.causes import Cause
    from ebbtide.words import Language


RiskDirection = Literal["rises", "falls"]


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
        return self.reason[language].format(
            value=plain_number(value), typical=plain_number(typical) if typical == typical else "–"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> FeatureContract:
        """Make a contract from what :meth:`to_json` wrote."""
        when_null = read["when_null"]
        return cls(
            **{
                **read,
                "reason": Words(**read["reason"]),
                "when_null": None if when_null is None else Words(**when_null),
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
