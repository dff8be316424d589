"""What a model saw of a column of a snapshot table, so that what it never saw can be named.

A value is held as a number everywhere behind the edge: a category as the place of its text among
those that were learned. Whether that makes a customer likely to leave is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

LearnedKind = Literal["number", "category", "flag"]

UNSEEN = -1.0
"""Stands for a category that was not learned; null is NaN."""

_YES = frozenset({"1", "true", "yes", "y", "t"})
_NO = frozenset({"0", "false", "no", "n", "f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The values of one column that a model learned from.

    Parameters
    ----------
    kind : ``number``, ``category``, or ``flag`` for a category of no and yes.
    categories : texts of the categories; a value is a place among them. Empty for a number.
    low, high : limits of the numbers, rounded outwards; None for categories.
    had_null : whether some were null.

    Examples
    --------
    >>> plan = Learned(kind="category", categories=("basic", "gold"), had_null=False)
    >>> plan.code("gold"), plan.code("silver"), plan.code(None), plan.text(0.0)
    (1.0, -1.0, nan, 'basic')
    >>> Learned(kind="flag", categories=("No", "Yes"), had_null=False).code(True)
    1.0
    """

    kind: LearnedKind
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    had_null: bool = False

    @property
    def is_categorical(self) -> bool:
        """Whether values are places among categories."""
        return self.kind != "number"

    def code(self, value: str | float | bool | None) -> float:
        """Return the place of a category; ``UNSEEN`` where there is none, NaN for null."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return math.nan
        text = category_text(value)
        if not text:
            return math.nan
        if text in self.categories:
            return float(self.categories.index(text))
        if self.kind == "flag":
            return next((float(p) for p, w in enumerate((_NO, _YES)) if text.casefold() in w), -1.0)
        return UNSEEN

    def text(self, code: float) -> str | None:
        """Return the text of a category; None for null, for what was not learned, for a number."""
        if not self.categories or not 0 <= code < len(self.categories):
            return None
        return self.categories[int(code)]

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Learned:
        """Make it from plain data, as ``dataclasses.asdict`` makes it."""
        return cls(**{**read, "categories": tuple(read["categories"])})


def flag_order(texts: frozenset[str]) -> tuple[str, str] | None:
    """Return the texts of a flag as no and yes, or None if they are no flag.

    Examples
    --------
    >>> flag_order(frozenset({"Yes", "No"})), flag_order(frozenset({"1", "2"}))
    (('No', 'Yes'), None)
    """
    if len(texts) != 2:
        return None
    no = [text for text in texts if text.casefold() in _NO]
    yes = [text for text in texts if text.casefold() in _YES]
    return (no[0], yes[0]) if len(no) == len(yes) == 1 else None


def category_text(value: str | float | bool) -> str:
    """Write a category as text, the same whichever type it comes in.

    Examples
    --------
    >>> category_text(" gold "), category_text(2.0), category_text(True), category_text(2.5)
    ('gold', '2', 'true', '2.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    is_whole = math.isfinite(value) and value == int(value)
    return str(int(value)) if is_whole else repr(float(value))
