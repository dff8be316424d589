"""The order of rows by customer, and of each customer by time: counted, not compared.

Which columns order a table is said in ``features.arrays.tables``. Equal rows lie as they come,
which is not always the same way: no feature may depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.arrays.column import Array

_STEPS = 2**20
"""Times are told apart so finely, at least half, before rows are counted."""


def customer_order(customers: Array, then_by: Sequence[Array], *, n_customers: int) -> Array:
    """Return the places of rows, customer by customer, and of each customer as some keys rise.

    To count how many rows there are before each is faster than to compare them, if they are
    numbered by small numbers. So times are first cut into steps; the rows of customers whose order
    that did not decide are compared.

    Parameters
    ----------
    customers : number of the customer of each row, below ``n_customers``.
    then_by : whole numbers; the first one counts most.

    Examples
    --------
    >>> customer_order(np.array([1, 0, 1]), [np.array([5, 6, 4])], n_customers=2).tolist()
    [1, 2, 0]
    """
    rows: Array = np.arange(len(customers), dtype=np.int32 if len(customers) < 2**31 else np.int64)
    if len(rows) == 0:
        return rows
    if then_by:
        rows = _counted(rows, _stepped(then_by))
    rows = _counted(rows, customers.take(rows))
    return _mended(rows.astype(np.intp), customers, then_by, n_customers=n_customers)


def _counted(rows: Array, by: Array) -> Array:
    """Return rows in the order of a small number that each has."""
    # Not at the top: the service computes without tables.
    from scipy.sparse import csr_array

    # To store a sparse matrix by columns instead of rows is to sort its cells by their columns.
    one_cell_each = np.arange(len(rows) + 1, dtype=rows.dtype)
    by_row = csr_array((rows, by, one_cell_each), shape=(len(rows), int(by.max()) + 1))
    return np.asarray(by_row.tocsc().data)


def _stepped(keys: Sequence[Array]) -> Array:
    """Return one small number that rises with the keys, and falls with none of them."""
    steps, n_steps = np.zeros(len(keys[0]), dtype=np.int32), 1
    for key in keys:
        lowest = key.min()
        width = int(key.max()) - int(lowest) + 1
        room = _STEPS // n_steps
        shift = max((width - 1).bit_length() - room.bit_length() + 1, 0)
        # Differences of whole numbers of 64 bits have room if they are taken for positive.
        above = np.subtract(key, lowest, dtype=np.int64).view(np.uint64) >> np.uint64(shift)
        n_here = ((width - 1) >> shift) + 1
        steps = steps * np.int32(n_here) + above.astype(np.int32)
        n_steps *= n_here
        if shift:
            break
    return steps


def _mended(rows: Array, customers: Array, keys: Sequence[Array], *, n_customers: int) -> Array:
    """Return rows that lie by customer with those compared whose keys do not rise."""
    mine = customers.take(rows)
    tied = mine[1:] == mine[:-1]
    falls = np.zeros(len(tied), dtype=bool)
    for key in keys:
        lying = key.take(rows)
        falls |= tied & (lying[1:] < lying[:-1])
        tied &= lying[1:] == lying[:-1]
    if falls.any():
        is_mixed = np.zeros(n_customers, dtype=bool)
        is_mixed[mine[1:][falls]] = True
        places = np.flatnonzero(is_mixed.take(mine))
        mixed = rows.take(places)
        by = [each.take(mixed) for each in (customers, *keys)]
        rows[places] = mixed.take(np.lexsort(by[::-1]))
    return rows
