"""Rows of one customer, as a request brings them, as the arrays that tables would have become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.contracts.tables import table_contract
from features.arrays.clock import microseconds
from features.arrays.column import Column, as_decimal
from features.arrays.frame import CUSTOMER, sort_keys
from features.arrays.tables import MONEY_DIGITS, SORTED_BY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from ebbtide.contracts.tables import ColumnKind


def columns_of_rows(
    table: str, rows: Sequence[Mapping[str, object]], *, read: Set[str]
) -> dict[str, Column]:
    """Return rows of one customer as sorted columns, typed as the tables are typed.

    Parameters
    ----------
    table : name of a table of the contract.
    rows : checked rows; a column that is absent or None is null. Instants are aware.
    read : the columns to make.
    """
    contract = table_contract(table)
    columns = {
        column.name: _FORMS[column.kind]([row.get(column.name) for row in rows])
        for column in contract.columns
        if column.name in read and column.name != CUSTOMER
    }
    columns[CUSTOMER] = Column(np.zeros(len(rows), dtype=np.int32))
    clock = (contract.clock,) if contract.clock in columns else ()
    by = [(columns[name], False) for name in SORTED_BY.get(table, clock) if name in columns]
    if not by or len(rows) < 2:
        return columns
    order = np.lexsort(list(reversed(sort_keys(by))))
    return {name: column.take(order) for name, column in columns.items()}


def _there(given: Sequence[Any]) -> tuple[list[Any], Any]:
    """Return the values without nulls in place, and where there are any, which are there."""
    if None not in given:
        return list(given), None
    valid = np.array([value is not None for value in given], dtype=bool)
    return [0 if value is None else value for value in given], valid


def _instants(given: Sequence[Any]) -> Column:
    values = [0 if value is None else microseconds(value) for value in given]
    return Column(np.array(values, dtype=np.int64), _there(given)[1])


def _numbers(given: Sequence[Any]) -> Column:
    values = np.array([np.nan if value is None else value for value in given], dtype=np.float64)
    missing = np.isnan(values)
    if not missing.any():
        return Column(values)
    return Column(np.where(missing, 0.0, values), ~missing)


def _money(given: Sequence[Any]) -> Column:
    return as_decimal(_numbers(given), MONEY_DIGITS)


def _flags(given: Sequence[Any]) -> Column:
    values, valid = _there(given)
    return Column(np.array(values, dtype=bool), valid)


def _texts(given: Sequence[Any]) -> Column:
    words = tuple(sorted({value for value in given if value is not None}))
    place = {word: index for index, word in enumerate(words)}
    values = [place.get(value, 0) for value in given]
    return Column(np.array(values, dtype=np.int64), _there(given)[1], words=words)


_FORMS: dict[ColumnKind, Callable[[Sequence[Any]], Column]] = {
    "id": _texts,
    "instant": _instants,
    "money": _money,
    "number": _numbers,
    "text": _texts,
    "flag": _flags,
}
