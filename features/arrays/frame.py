"""A frame: rows of many customers, sorted by customer, whose columns are computed when asked for.

What rows mean is for the SQL to say; here they are only cut, ordered and grouped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
        rows = np.flatnonzero(kept)
        makers = {name: _taken(self, name, rows) for name in self.makers}
        return Frame(len(rows), makers, self.constants)

    def with_columns(self, makers: Mapping[str, Callable[[], Column]]) -> Frame:
        """Return the same rows with other columns."""
        return Frame(self.n_rows, makers, self.constants)


def _held(column: Column) -> Callable[[], Column]:
    return lambda: column


def _taken(frame: Frame, name: str, rows: Array) -> Callable[[], Column]:
    return lambda: frame.column(name).take(rows)


@dataclass(frozen=True, slots=True)
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

    def ordered(self, values: Array) -> Array:
        """Return values of rows, in order."""
        return values if self.order is None or values.ndim == 0 else values[self.order]

    def reduce(self, by: np.ufunc, values: Array) -> Array:
        """Reduce the values of each group, which lie in order, with a function of numpy."""
        reduced: Array = by.reduceat(values, self.starts)
        return reduced

    def total(self, values: Array) -> Array:
        """Return the sum of whole numbers of each group, exact even where running sums overflow."""
        running = values.cumsum(dtype=np.int64)[self.last]
        totals = running.copy()
        totals[1:] -= running[:-1]
        return totals

    @property
    def sizes(self) -> Array:
        """How many rows each group has."""
        return self.last - self.starts + 1

    def repeated(self, values: Array) -> Array:
        """Return the value of its group for each row, in order."""
        return np.repeat(values, self.sizes)

    def back(self, values: Array) -> Array:
        """Return values that lie in order, as the rows lie."""
        if self.order is None:
            return values
        put = np.empty_like(values)
        put[self.order] = values
        return put


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
    if n_rows == 0:
        return Groups(None, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), 0)
    order = None if _is_sorted(keys, n_rows) else _order(keys)
    changes = np.zeros(n_rows, dtype=bool)
    changes[0] = True
    for key in keys[:n_grouping]:
        lying = key if order is None else key[order]
        changes[1:] |= lying[1:] != lying[:-1]
    starts = np.flatnonzero(changes)
    last = np.empty_like(starts)
    last[:-1] = starts[1:] - 1
    last[-1] = n_rows - 1
    return Groups(order, starts, last, n_rows)


def _is_sorted(keys: Sequence[Array], n_rows: int) -> bool:
    tied = np.ones(n_rows - 1, dtype=bool)
    for key in keys:
        earlier, later = key[:-1], key[1:]
        if (tied & (later < earlier)).any():
            return False
        tied &= later == earlier
    return True


def _order(keys: Sequence[Array]) -> Array:
    """Sort by all keys; narrow whole numbers are sorted by their digits, several times faster."""
    return np.lexsort([_narrow(key) for key in reversed(keys)])


def _narrow(key: Array) -> Array:
    if key.dtype.kind not in "iu":
        return key
    lowest = key.min()
    width = int(key.max()) - int(lowest)
    kind = next((each for each in (np.uint8, np.uint16) if width <= np.iinfo(each).max), None)
    return key if kind is None else (key - lowest).astype(kind)
