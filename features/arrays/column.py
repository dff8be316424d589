"""A column of an array frame: values, which of them are there, and what whole numbers stand for.

Only SQL's rules for null, decimal and text live here. Nothing is grouped or ordered. What is null
may hold anything, so that callers switch off numpy's warnings about it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.contracts.tables import SIZE_LIMIT
from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = NDArray[Any]

_LARGEST = 2.0**63


@dataclass(slots=True, eq=False)
class Column:
    """Values with their nulls; a constant is a column without a dimension.

    It never changes; to say so of the class would make it twice as slow to make one.

    Parameters
    ----------
    values : what is there; anything where it is null.
    valid : whether a value is there; None where all are.
    scale : digits behind the point where whole numbers stand for decimals, else None.
    words : for text, the different words in order; the values are then places among them.
    """

    values: Array
    valid: Array | None = None
    scale: int | None = None
    words: tuple[str, ...] | None = None

    def take(self, rows: Array | slice) -> Column:
        """Return the rows at some places."""
        if self.values.ndim == 0:
            return self
        valid = self.valid
        if valid is not None and valid.ndim:
            valid = _taken(valid, rows)
        return Column(_taken(self.values, rows), valid, self.scale, self.words)

    def spread(self, n: int) -> Column:
        """Return a constant as a column of ``n`` rows."""
        if self.values.ndim:
            return self
        valid = None if self.valid is None else np.full(n, self.valid)
        return Column(np.full(n, self.values), valid, self.scale, self.words)

    @property
    def is_there(self) -> Array:
        """Whether each value is there."""
        return np.ones(self.values.shape, dtype=bool) if self.valid is None else self.valid

    @property
    def is_true(self) -> Array:
        """Whether each value is there and true."""
        held = self.values.astype(bool, copy=False)
        return held if self.valid is None else held & self.valid

    @property
    def as_double(self) -> Array:
        """The values as doubles."""
        if self.scale:
            return np.asarray(self.values / np.float64(10**self.scale))
        return self.values.astype(np.float64, copy=False)

    def write_doubles(self, out: Array) -> None:
        """Write the values as doubles, NaN where null, into an array."""
        if self.scale:
            np.divide(self.values, np.float64(10**self.scale), out=out)
        else:
            out[...] = self.values
        if self.valid is not None:
            # A double with all bits set is NaN; to choose for each row takes three times as long.
            bits = out.view(np.int64)
            bits |= self.valid.astype(np.int64) - 1


def _taken(values: Array, rows: Array | slice) -> Array:
    # numpy takes places faster with ``take`` than with brackets.
    return values[rows] if isinstance(rows, slice) else values.take(rows)


NULL = Column(np.asarray(0), np.asarray(False))


def constant(value: float | bool) -> Column:
    """Return a constant as a column."""
    return Column(np.asarray(value))


def both_valid(left: Column, right: Column) -> Array | None:
    """Return where both columns have values; None where they always have."""
    if left.valid is None:
        return right.valid
    return left.valid if right.valid is None else left.valid & right.valid


def aligned(columns: Sequence[Column]) -> tuple[list[Array], int | None, tuple[str, ...] | None]:
    """Return the values of columns in one form, with that form's scale and words.

    Raises
    ------
    NotImplementedError
        If texts of different columns meet: equal places would not stand for equal words.
    """
    words, scale, is_double = None, 0, False
    for column in columns:
        is_double = is_double or column.values.dtype.kind == "f"
        scale = max(scale, column.scale or 0)
        words = column.words if words is None else words
    if words is not None:
        for column in columns:
            _require_words(column, words)
    if is_double:
        return [column.as_double for column in columns], None, None
    if scale == 0:
        return [column.values for column in columns], None, words
    return [_at_scale(column, scale) for column in columns], scale, None


def _at_scale(column: Column, scale: int) -> Array:
    whole = column.values.astype(np.int64, copy=False)
    missing = scale - (column.scale or 0)
    return whole * 10**missing if missing else whole


def _require_words(column: Column, words: tuple[str, ...]) -> None:
    if column.words is words or column.words == words or not column.is_there.any():
        return
    raise NotImplementedError(
        "Expected text to meet text of the same column, got text that meets something else. "
        "Compare it with words."
    )


def add(left: Column, right: Column, *, sign: int = 1) -> Column:
    """Return the sum, or with ``sign=-1`` the difference."""
    (a, b), scale, _ = aligned([left, right])
    a, b = (each.astype(np.int64) if each.dtype.kind in "bu" else each for each in (a, b))
    return Column(np.asarray(a + b if sign > 0 else a - b), both_valid(left, right), scale)


def as_narrow(a: Array, b: Array) -> tuple[Array, Array]:
    """Return two arrays, and where one is a constant that the type of the other holds, as that.

    An array of 32 bits would be made one of 64 bits first, which takes longer than what follows.
    """
    if a.ndim == 0 and b.ndim:
        return as_narrow(b, a)[::-1]
    if a.ndim and b.ndim == 0 and a.dtype == np.int32 and b.dtype == np.int64:
        limits = np.iinfo(a.dtype)
        if limits.min <= b <= limits.max:
            return a, b.astype(a.dtype)
    return a, b


def multiply(left: Column, right: Column) -> Column:
    """Return the product; as a double of two decimals, or where it has no room in 64 bits."""
    valid = both_valid(left, right)
    are_exact = left.values.dtype.kind != "f" and right.values.dtype.kind != "f"
    if not are_exact or (left.scale and right.scale) or not _has_room(left, right):
        return Column(np.asarray(left.as_double * right.as_double), valid)
    a, b = (c.values.astype(np.int64, copy=False) for c in (left, right))
    return Column(np.asarray(a * b), valid, left.scale or right.scale)


def _has_room(left: Column, right: Column) -> bool:
    """Return whether the products of whole numbers have room in 64 bits."""
    if left.values.dtype.itemsize <= 4 and right.values.dtype.itemsize <= 4:
        return True
    return largest(left) * largest(right) < _LARGEST


def largest(column: Column) -> int:
    """Return the largest whole number that is there, or the largest below zero, without sign."""
    values = column.values
    if values.size == 0 or values.dtype == bool:
        return 1
    if column.valid is not None:
        values = values * column.valid  # nulls become zero
    return max(int(values.max()), -int(values.min()))


def divide(left: Column, right: Column) -> Column:
    """Return the quotient as a double; nothing is divided by zero, the divisor is null there."""
    return Column(np.asarray(left.as_double / right.as_double), both_valid(left, right))


def divide_whole(left: Column, right: Column) -> Column:
    """Return the whole part of a quotient of whole numbers, as SQL cuts it: towards zero."""
    a, b = as_narrow(left.values, right.values)
    if b.ndim == 0 and b > 0 and a.size and a.min() >= 0:
        return Column(np.asarray(a // b), both_valid(left, right))
    whole = np.abs(a) // np.abs(b)
    return Column(np.asarray(whole * np.sign(a) * np.sign(b)), both_valid(left, right))


def compare(left: Column, right: Column, *, by: Callable[[Array, Array], Array]) -> Column:
    """Return whether a comparison holds; null where either side is."""
    (a, b), _, _ = aligned([left, right])
    return Column(np.asarray(by(*as_narrow(a, b))), both_valid(left, right))


def is_word(column: Column, wanted: str) -> Column:
    """Return whether a text is a certain word."""
    words = column.words or ()
    if not words:
        _require_words(column, words)
    place = bisect_left(words, wanted)
    if place == len(words) or words[place] != wanted:
        return Column(np.zeros(column.values.shape, dtype=bool), column.valid)
    return Column(np.asarray(column.values == place), column.valid)


def conjunction(left: Column, right: Column) -> Column:
    """Return whether both hold, in the logic of three values."""
    valid = both_valid(left, right)
    if valid is not None:
        valid = valid | _is_false(left) | _is_false(right)
    return Column(np.asarray(left.is_true & right.is_true), valid)


def _is_false(column: Column) -> Array:
    false = ~column.values.astype(bool, copy=False)
    return false if column.valid is None else false & column.valid


def negation(column: Column) -> Column:
    """Return whether a statement does not hold; null where it is."""
    return Column(np.asarray(~column.values.astype(bool, copy=False)), column.valid)


def disjunction(left: Column, right: Column) -> Column:
    """Return whether either holds, in the logic of three values."""
    return negation(conjunction(negation(left), negation(right)))


def choose(cases: Sequence[tuple[Column, Column]], otherwise: Column) -> Column:
    """Return for each row the value of the first case that is true."""
    options = [value for _, value in cases] + [otherwise]
    real = [option for option in options if option is not NULL] or [otherwise]
    arrays, scale, words = aligned(real)
    place = iter(arrays)
    filled: list[Array | None] = [None if option is NULL else next(place) for option in options]
    values, valid = filled[-1], otherwise.valid
    for (case, option), held in zip(reversed(cases), reversed(filled[:-1]), strict=True):
        is_case = case.is_true
        if held is not None:  # what is null may hold anything
            values = held if values is None else np.asarray(np.where(is_case, held, values))
        if option.valid is not None or valid is not None:
            there = is_case if option.valid is None else is_case & option.valid
            valid = np.asarray(there | (~is_case if valid is None else ~is_case & valid))
    return Column(np.asarray(0 if values is None else values), valid, scale, words)


def first_present(columns: Sequence[Column]) -> Column:
    """Return for each row the first value that is there (``coalesce``)."""
    found = columns[0]
    for column in columns[1:]:
        if found.valid is None:
            return found
        (a, b), scale, words = aligned([found, column])
        there = found.valid
        valid = None if column.valid is None else np.asarray(there | column.valid)
        if b.ndim == 0 and b == 0 and a.dtype.kind in "bi":
            found = Column(a * there, valid, scale, words)  # as np.where, and faster
        else:
            found = Column(np.where(there, a, b), valid, scale, words)
    return found


def extreme(columns: Sequence[Column], *, largest: bool) -> Column:
    """Return the largest or smallest of the values that are there (``greatest``, ``least``)."""
    found = columns[0]
    for column in columns[1:]:
        (a, b), scale, words = aligned([found, column])
        if both_valid(found, column) is None and a.dtype.kind == b.dtype.kind == "i":
            chosen = np.maximum(a, b) if largest else np.minimum(a, b)
            found = Column(np.asarray(chosen), None, scale, words)
            continue
        better = (b > a) if largest else (b < a)
        take_b = column.is_there & (~found.is_there | better)
        valid = None
        if found.valid is not None and column.valid is not None:
            valid = np.asarray(found.valid | column.valid)
        found = Column(np.where(take_b, b, a), valid, scale, words)
    return found


def null_where_equal(column: Column, other: Column) -> Column:
    """Return a column with null where it equals another (``nullif``)."""
    equal = compare(column, other, by=np.equal).is_true
    return Column(column.values, np.asarray(column.is_there & ~equal), column.scale, column.words)


def as_decimal(column: Column, scale: int, *, limit: float = SIZE_LIMIT) -> Column:
    """Return numbers as decimals with so many digits behind the point, rounded half away.

    Doubles must be below the limit, and small enough for 64 bits.
    """
    if column.scale is not None or column.values.dtype.kind in "bi":
        held = column.scale or 0
        whole = column.values.astype(np.int64, copy=False)
        if held <= scale:
            return Column(whole * 10 ** (scale - held), column.valid, scale)
        unit = 10 ** (held - scale)
        rounded = np.sign(whole) * ((np.abs(whole) + unit // 2) // unit)
        return Column(np.asarray(rounded), column.valid, scale)
    scaled = column.values * np.float64(10**scale)
    whole = np.rint(scaled)
    if not (whole == scaled).all():
        # To add a half and cut would move what lies just below a half, or has no room for one.
        whole = np.trunc(scaled)
        whole += np.copysign(np.abs(scaled - whole) >= 0.5, scaled)
    has_room = min(limit * 10**scale, _LARGEST)
    return Column(_whole(whole, column.valid, limit=has_room), column.valid, scale)


def as_whole(column: Column, kind: type[np.signedinteger[Any]] = np.int64) -> Column:
    """Return numbers as whole numbers; halves of decimals away from zero, of doubles to even."""
    if column.values.dtype.kind == "f":
        values = _whole(np.rint(column.values), column.valid)
    else:
        values = as_decimal(column, 0).values
    return Column(values.astype(kind, copy=False), column.valid)


def _whole(rounded: Array, valid: Array | None, *, limit: float = _LARGEST) -> Array:
    """Return rounded doubles as whole numbers; all that are there must be below a limit."""
    if valid is not None and not _are_below(limit, rounded):
        rounded = np.where(valid, rounded, 0.0)  # only here, because to choose takes so long
    elif valid is not None and rounded.shape != valid.shape:  # a constant, null in places
        rounded = np.broadcast_to(rounded, valid.shape)
    if not _are_below(limit, rounded):
        n_too_large = rounded.size - np.count_nonzero(np.abs(rounded) < limit)
        raise ContractError(
            f"Expected numbers of at most 14 digits before the point, got {n_too_large} larger "
            f"one(s). Check the units of amounts, quantities, levels and values."
        )
    return np.asarray(rounded.astype(np.int64))


def _are_below(limit: float, values: Array) -> bool:
    # NaN is not below, and neither the largest nor the smallest value if there is one.
    return not values.size or bool(values.max() < limit and values.min() > -limit)


def as_number(column: Column) -> Column:
    """Return numbers as doubles."""
    return Column(column.as_double, column.valid)
