"""What a feature promises to whoever reads its value: unit, range, meaning of null, words.

How it is computed is not said here but in ``features.catalogue``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.contracts.learned import Learned
from ebbtide.contracts.telling import Telling
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
    reason : a statement of fact for a customer's reasons, with ``{value}``, and ``{s}`` for an s
        that falls away where the value is one.
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

    def reason_text(
        self,
        value: float,
        typical: float,
        language: Language,
        *,
        stayers: float = math.nan,
        leavers: float = math.nan,
    ) -> str:
        """State the value of one customer in words.

        Parameters
        ----------
        value : the customer's value; NaN is missing.
        typical : what is typical of the living customers; NaN if most have none.
        language : the language of the answer.
        stayers, leavers : what is typical of those who stayed and left; NaN if unknown. They are
            said where they differ in the way that is agreed, else what is typical of all is.
        """
        telling = Telling.of(self, typical, language, stayers=stayers, leavers=leavers)
        return telling.text(value)

    def tells_apart(self, stayers: float, leavers: float) -> bool:
        """Whether typical values of both groups differ, and as the agreed direction has it.

        Where they differ the other way, something else is behind it: beside the customer's value
        they would read as a contradiction.
        """
        if not (math.isfinite(stayers) and math.isfinite(leavers)) or stayers == leavers:
            return False
        return self.risk is None or (leavers > stayers) == (self.risk == "rises")

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
