"""What a contract and a report say of a column without telling the value of a single customer.

A contract is meant to be committed, and a report to be sent around: both outlive the table, and
are read by people who may not see its rows.
"""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ebbtide.contracts.snapshot_table import ColumnContract
    from ebbtide.scorer.scores import FloatArray

LEAST_SHOWN_ROWS = 5
"""A category of fewer rows, or a limit that fewer rows hold, points at single customers."""

SHOWN_CATEGORIES = 5

_LARGEST = Fraction(sys.float_info.max)
_DECIMALS_OF_FLOATS = 13
_SMALLEST_DIGITS = -323


def outward_limits(values: FloatArray) -> tuple[float, float]:
    """Return limits around numbers, rounded outwards to two digits of their span.

    A limit that is still a value of fewer than ``LEAST_SHOWN_ROWS`` rows moves one step further,
    unless it is 0, so that amounts that cannot be negative keep their sign.

    Parameters
    ----------
    values : without NaN, at least two of them different, shape (n,).

    Examples
    --------
    >>> outward_limits(np.array([18.25, 50.0, 118.75])), outward_limits(np.array([0.0, 7.0, 98.0]))
    ((10.0, 120.0), (0.0, 99.0))
    """
    lowest, highest = float(values.min()), float(values.max())
    # as they are written: the number 0.3 itself lies a little below three tenths
    low, high = Fraction(repr(lowest)), Fraction(repr(highest))
    span = high - low
    assert span > 0, "a column of numbers has different values"
    # a step that a float of this size cannot show would round back to the value itself
    finest = _digits(max(abs(low), abs(high))) - _DECIMALS_OF_FLOATS
    step = Fraction(10) ** max(_digits(span) - 1, finest, _SMALLEST_DIGITS)
    low_at, high_at = math.floor(low / step) * step, math.ceil(high / step) * step
    if low_at == low != 0 and _is_rare(values, lowest):
        low_at -= step
    if high_at == high != 0 and _is_rare(values, highest):
        high_at += step
    return float(max(low_at, -_LARGEST)), float(min(high_at, _LARGEST))


def _digits(number: Fraction) -> int:
    """Return the power of ten of the first digit."""
    return math.floor(math.log10(number.numerator) - math.log10(number.denominator))


def column_holds(column: ColumnContract) -> str:
    """Say what a column holds: why it is ignored, its limits, or its common categories.

    Examples
    --------
    >>> from ebbtide.contracts.snapshot_table import ColumnContract
    >>> plan = {"gold": 40, "basic": 1200, "of Ms Doe": 1}
    >>> column_holds(ColumnContract(name="plan", kind="category", categories=plan))
    'basic (1,200), gold (40) and 1 rarer one'
    """
    if column.kind == "ignored":
        return column.why
    if column.kind == "number":
        return _range(column)
    named = list(column.categories.items())
    if column.kind != "flag":
        named.sort(key=lambda each: -each[1])
    shown = [each for each in named if each[1] >= LEAST_SHOWN_ROWS][:SHOWN_CATEGORIES]
    hidden = len(named) - len(shown)
    if not shown:
        return f"{hidden:,} categories, each of fewer than {LEAST_SHOWN_ROWS} rows"
    listed = ", ".join(f"{text} ({rows:,})" for text, rows in shown)
    rarer = "rarer one" if hidden == 1 else "rarer ones"
    return f"{listed} and {hidden:,} {rarer}" if hidden else listed


def _range(column: ColumnContract) -> str:
    unit = f" {column.unit}" if column.unit else ""
    if column.low is None or column.high is None:
        bounds = (("at least", column.low), ("at most", column.high))
        said = [f"{word} {value:,.6g}{unit}" for word, value in bounds if value is not None]
        return said[0] if said else "any number"
    return f"{column.low:,.6g} to {column.high:,.6g}{unit}"


def _is_rare(values: FloatArray, value: float) -> bool:
    return int(np.count_nonzero(values == value)) < LEAST_SHOWN_ROWS
