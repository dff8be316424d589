"""A frame: rows of many customers, sorted by customer, whose columns are computed when asked for.

What rows mean is for the SQL to say; here they are only cut, ordered and grouped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.errors import ContractError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from features.arrays.column import Array, Column

CUSTOMER = "customer_id"


@dataclass(slots=True)
class Frame:
    """Rows sorted by ``customer_id``, which is a whole number here.

    Parameters
    ----------
    n_rows : how many rows.
    makers : how to compute each column.
    constants : values of placeholders such as ``$as_of``.
    """

    n_rows: int
    makers: Mapping[str, Callable[[], Column]]
    constants: Mapping[str, Column]
    _columns: dict[str, Column] = field(default_factory=dict)
    cache: dict[str, Column] = field(default_factory=dict)
    groupings: dict[str, Groups] = field(default_factory=dict)
    _cut_from: tuple[Frame, Array] | None = None

    @classmethod
    def of(cls, columns: Mapping[str, Column], constants: Mapping[str, Column]) -> Frame:
        """Make a frame of columns that are there already."""
        n_rows = len(columns[CUSTOMER].values)
        return cls(n_rows, {name: _held(column) for name, column in columns.items()}, constants)

    def column(self, name: str) -> Column:
        """Return a column.

        Raises
        ------
        ContractError
            If the frame has no such column.
        """
        if name not in self._columns:
            if name not in self.makers:
                raise ContractError(
                    f"The SQL of a feature names {name!r}; {did_you_mean(name, self.makers)}"
                )
            self._columns[name] = self.makers[name]().spread(self.n_rows)
        return self._columns[name]

    def where(self, kept: Array) -> Frame:
        """Return the rows under a mask."""
        if kept.all():
            return self
        rows, source = np.flatnonzero(kept), self
        if self._cut_from is not None:  # rows of rows are taken at once
            source, mine = self._cut_from
            rows = mine.take(rows)
        makers = {name: _taken(source, name, rows) for name in self.makers}
        return Frame(len(rows), makers, self.constants, _cut_from=(source, rows))

    def of_customers(self, customers: Array) -> Frame:
        """Return the rows of some customers, whose numbers rise."""
        mine = self.column(CUSTOMER).values
        if len(mine) == 0 or len(customers) == 0:
            return self.where(np.zeros(len(mine), dtype=bool))
        first, last = mine[0], mine[-1]
        inside = customers[(customers >= first) & (customers <= last)]
        is_wanted = np.zeros(last - first + 1, dtype=bool)
        is_wanted[inside - first] = True
        return self.where(is_wanted.take(mine - first))

    def with_columns(self, makers: Mapping[str, Callable[[], Column]]) -> Frame:
        """Return the same rows with other columns."""
        return Frame(self.n_rows, makers, self.constants)


def _held(column: Column) -> Callable[[], Column]:
    return lambda: column


def _taken(frame: Frame, name: str, rows: Array) -> Callable[[], Column]:
    return lambda: frame.column(name).take(rows)


@dataclass(slots=True)
class Groups:
    """Rows put in order, and where each group of them begins.

    Parameters
    ----------
    order : places of the rows in order; None where they lie so.
    starts : place in that order at which each group begins, shape (groups,).
    last : place of the last row of each group.
    n_rows : how many rows.
    """

    order: Array | None
    starts: Array
    last: Array
    n_rows: int
    _sizes: Array | None = None
    _group_of_row: Array | None = None
    _several: tuple[Array, Array, Array] | None = None

    def among(self, how_many: Array) -> tuple[Groups, Array]:
        """Return the groups of the rows that count, and their places among all groups.

        Parameters
        ----------
        how_many : how many rows of each group count.
        """
        groups = np.flatnonzero(how_many)
        ends = how_many.take(groups).cumsum()
        starts = np.zeros_like(ends)
        starts[1:] = ends[:-1]
        return Groups(None, starts, ends - 1, int(ends[-1]) if len(ends) else 0), groups

    def ordered(self, values: Array) -> Array:
        """Return values of rows, in order."""
        return values if self.order is None or values.ndim == 0 else values.take(self.order)

    def reduce(self, by: np.ufunc, values: Array) -> Array:
        """Reduce the values of each group, which lie in order, with a function of numpy."""
        if len(self.starts) == self.n_rows:
            return values
        if self._are_mostly_single:
            reduced = values.take(self.starts)
            groups, rows, starts = self.several
            reduced[groups] = by.reduceat(values.take(rows), starts)
            return reduced
        if by in _ENDS:  # rows mostly lie in time: to see that is faster than to compare them all
            at_rise, at_fall = _ENDS[by]
            if self.is_monotone(values[:-1] <= values[1:]):
                return np.asarray(values.take(getattr(self, at_rise)))
            if self.is_monotone(values[:-1] >= values[1:]):
                return np.asarray(values.take(getattr(self, at_fall)))
        return np.asarray(by.reduceat(values, self.starts))

    def is_monotone(self, holds: Array) -> bool:
        """Return whether what holds of a row and the next does so within all groups."""
        n_within = self.n_rows - len(self.starts)
        if np.count_nonzero(holds) < n_within:
            return False
        return n_within == np.count_nonzero(holds) - np.count_nonzero(holds.take(self.last[:-1]))

    def total(self, values: Array) -> Array:
        """Return the sum of whole numbers of each group, exact even where running sums overflow."""
        if len(self.starts) == self.n_rows:
            return values.astype(np.int64)
        if self._are_mostly_single:
            totals = values.take(self.starts).astype(np.int64)
            groups, rows, starts = self.several
            totals[groups] = np.add.reduceat(values.take(rows).astype(np.int64), starts)
            return totals
        is_narrow = values.dtype == bool and self.n_rows < 2**31  # half the work
        running = _running(values, np.int32 if is_narrow else np.int64).take(self.last)
        totals = running.astype(np.int64)
        totals[1:] -= running[:-1]
        return totals

    @property
    def _are_mostly_single(self) -> bool:
        return 10 * len(self.starts) > 8 * self.n_rows and len(self.several[0]) > 0

    @property
    def several(self) -> tuple[Array, Array, Array]:
        """The groups of more than one row; their rows; and where among those each begins."""
        if self._several is None:
            groups = np.flatnonzero(self.sizes > 1)
            sizes = self.sizes.take(groups)
            ends = sizes.cumsum()
            starts = ends - sizes
            within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(starts, sizes)
            self._several = groups, np.repeat(self.starts.take(groups), sizes) + within, starts
        return self._several

    @property
    def sizes(self) -> Array:
        """How many rows each group has."""
        if self._sizes is None:
            self._sizes = self.last - self.starts + 1
        return self._sizes

    @property
    def group_of_row(self) -> Array:
        """The place of its group for each row, in order."""
        if self._group_of_row is None:
            begins = np.zeros(self.n_rows, dtype=bool)
            begins[self.starts[1:]] = True
            self._group_of_row = _running(begins, np.intp)
        return self._group_of_row

    def repeated(self, values: Array) -> Array:
        """Return the value of its group for each row, in order."""
        return values.take(self.group_of_row)

    def back(self, values: Array) -> Array:
        """Return values that lie in order, as the rows lie."""
        if self.order is None:
            return values
        put = np.empty_like(values)
        put[self.order] = values
        return put


def _running(values: Array, kind: type[np.signedinteger[Any]]) -> Array:
    """Return running sums; numpy lets other threads go on only where it need not convert."""
    return values.astype(kind, copy=False).cumsum(dtype=kind)


_ENDS = {np.minimum: ("starts", "last"), np.maximum: ("last", "starts")}
"""Where the least and the greatest value of a group lie, if values rise, and if they fall."""


def sort_keys(columns: Sequence[tuple[Column, bool]]) -> list[Array]:
    """Return arrays that rise where rows shall follow each other; null comes last.

    Parameters
    ----------
    columns : each with whether it falls.
    """
    keys = []
    for column, falls in columns:
        values = column.values
        if values.dtype == bool:
            values = values.astype(np.int8)
        if falls and values.dtype.kind == "u":
            values = values.astype(np.int64)  # there is no minus among the unsigned
        key = -values if falls else values
        if column.valid is not None and not column.valid.all():
            keys.append((~column.valid).astype(np.int8))
            key = np.where(column.valid, key, np.zeros((), dtype=key.dtype))
        keys.append(key)
    return keys


def group(keys: Sequence[Array], *, n_grouping: int, n_rows: int) -> Groups:
    """Order rows by keys, and begin a group wherever one of the first ``n_grouping`` changes."""
    order, changes = None, _changes_in_order(keys, n_grouping, n_rows=n_rows)
    if changes is None:
        order = _order(keys)
        changes = _changes([key.take(order) for key in keys[:n_grouping]], n_rows=n_rows)
    return _begun(changes, order, n_rows=n_rows)


def group_sorted(key: Array) -> Groups:
    """Begin a group of rows wherever a key changes, which they are sorted by."""
    return _begun(_changes([key], n_rows=len(key)), None, n_rows=len(key))


def _begun(changes: Array, order: Array | None, *, n_rows: int) -> Groups:
    """Begin a group with the first row, and with each that differs from the one before."""
    if n_rows == 0:
        return Groups(None, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), 0)
    inner = np.flatnonzero(changes)
    starts, last = np.empty((2, len(inner) + 1), dtype=np.intp)
    starts[0], last[-1] = 0, n_rows - 1
    last[:-1] = inner
    np.add(inner, 1, out=starts[1:])
    return Groups(order, starts, last, n_rows)


def _changes(keys: Sequence[Array], *, n_rows: int) -> Array:
    """Return which rows a key changes behind, for all but the last."""
    changes: Array = np.zeros(max(n_rows - 1, 0), dtype=bool)
    for key in keys:
        changes |= key[1:] != key[:-1]
    return changes


def _changes_in_order(keys: Sequence[Array], n_grouping: int, *, n_rows: int) -> Array | None:
    """Return :func:`_changes` of the first keys of rows that lie in order; None of others."""
    differ: Array = np.zeros(max(n_rows - 1, 0), dtype=bool)
    changes = differ
    for place, key in enumerate(keys):
        earlier, later = key[:-1], key[1:]
        falls = later < earlier
        if np.greater(falls, differ, out=falls).any():  # of two that were alike so far
            return None
        if place == n_grouping:
            changes = differ.copy()
        differ |= later != earlier
    return changes if n_grouping < len(keys) else differ


def _order(keys: Sequence[Array]) -> Array:
    """Sort by all keys; narrow whole numbers are sorted by their digits, several times faster."""
    if len(keys) > 2 and _changes_in_order([keys[0], keys[-1]], 1, n_rows=len(keys[0])) is not None:
        keys = keys[:-1]  # among equal others the last key rises already, and the sort is stable
    return np.lexsort([_narrow(key) for key in reversed(keys)])


def _narrow(key: Array) -> Array:
    if key.dtype.kind not in "iu":
        return key
    lowest = key.min()
    width = int(key.max()) - int(lowest)
    kind = next((each for each in (np.uint8, np.uint16) if width <= np.iinfo(each).max), None)
    return key if kind is None else (key - lowest).astype(kind)


def extreme_bound(values: Array, sign: int) -> Any:
    """Return the largest (or, with -1, smallest) value of an array's type."""
    if values.dtype.kind == "f":
        return values.dtype.type(sign * np.inf)
    if values.dtype.kind == "b":
        return np.bool_(sign > 0)
    limits = np.iinfo(values.dtype)
    return values.dtype.type(limits.max if sign > 0 else limits.min)
