"""Values in words: numbers as a person would write them, and a fact beside what is typical.

A text states what is; it never says that one thing comes of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.rounding import rounded
from ebbtide.words import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.words import Language

_GROUPS = Words(
    "; stayers typically {stayers}, leavers {leavers}",
    "；留存客户一般为 {stayers}，流失客户一般为 {leavers}",
)
_TYPICAL = Words(" (typical: {typical})", "（一般为 {typical}）")
_YES, _NO = Words("yes", "是"), Words("no", "否")


def number_in_words(value: float, *, unit: str, language: Language) -> str:
    """Write a value with what its unit asks for: shares in percent, flags as yes and no.

    Parameters
    ----------
    value : finite.
    unit : of the feature; ``share``, also of or per something, and ``flag`` are written otherwise
        than plain numbers.
    language : the language of the text.

    Examples
    --------
    >>> [number_in_words(v, unit="share", language="en") for v in (1.0, 0.594, 0.004, -0.2)]
    ['100%', '59%', '0.4%', '-20%']
    >>> number_in_words(1.0, unit="flag", language="zh"), plain_number(1.0)
    ('是', '1')
    """
    if unit == "flag":
        return (_YES if value >= 0.5 else _NO)[language]
    if unit.split(" ")[0] != "share":
        return plain_number(value)
    percent = 100 * value
    return f"{plain_number(round(percent) if abs(percent) >= 1 else percent)}%"


def plain_number(value: float) -> str:
    """Write a number as a person would: few digits, no exponent.

    Examples
    --------
    >>> plain_number(143.0), plain_number(0.1234), plain_number(0.5), plain_number(1234.56)
    ('143', '0.12', '0.5', '1,235')
    """
    if abs(value) >= 100 or value == int(value):
        return f"{value + 0.0:,.0f}"  # minus zero is written as zero
    written = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    short = written.rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def numbers_in_words(
    values: NDArray[np.float64], *, unit: str, language: Language
) -> tuple[NDArray[np.intp], list[str]]:
    """Write many values: each text once, and which of them is that of each value.

    Parameters
    ----------
    values : finite, shape (n,).
    unit, language : as in :func:`number_in_words`, whose texts these are.

    Examples
    --------
    >>> which, texts = numbers_in_words(
    ...     np.array([0.594, 1.0, 0.5871]), unit="share", language="en"
    ... )
    >>> [texts[each] for each in which]
    ['59%', '100%', '59%']
    """
    if unit == "flag":
        return (values >= 0.5).astype(np.intp), [_NO[language], _YES[language]]
    sign, shown = "", values
    if unit.split(" ")[0] == "share":
        percent = 100 * values
        sign, shown = "%", np.where(np.abs(percent) >= 1, np.rint(percent), percent)
    different, which = np.unique(_as_written(shown), return_inverse=True)
    return which, [plain_number(value) + sign for value in different.tolist()]


def _as_written(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values without the digits that :func:`plain_number` does not write."""
    size = np.abs(values)
    is_whole = (size >= 100) | (values == np.trunc(values))
    kept = np.rint(values)
    for digits, mine in ((1, ~is_whole & (size >= 10)), (2, ~is_whole & (size < 10))):
        kept[mine] = rounded(values[mine], digits)
    return kept + 0.0


def beside_typical(
    fact: str,
    *,
    typical: str | None,
    stayers: str | None,
    leavers: str | None,
    language: Language,
) -> str:
    """Put a fact beside the typical values of both groups, or of all where these say nothing.

    Parameters
    ----------
    fact : what is true of the customer.
    typical : of all living customers, in words; None where there is nothing to say.
    stayers, leavers : of both groups, in words; None where unknown.
    language : the language of the text.

    Examples
    --------
    >>> beside_typical(
    ...     "3 complaints", typical="1", stayers="0", leavers="2", language="en"
    ... )
    '3 complaints; stayers typically 0, leavers 2'
    >>> beside_typical("3 complaints", typical="1", stayers="1", leavers="1", language="en")
    '3 complaints (typical: 1)'
    """
    if stayers is not None and leavers is not None and stayers != leavers:
        return fact + _GROUPS[language].format(stayers=stayers, leavers=leavers)
    return fact if typical is None else fact + _TYPICAL[language].format(typical=typical)
