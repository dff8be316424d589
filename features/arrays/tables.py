"""The rows of a company as sorted arrays, customer by customer, read once from its typed tables.

Only customers of the table that tells who lives are kept: nobody else is in any snapshot.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.contracts.tables import table_contract
from features.arrays.column import Column
from features.arrays.frame import CUSTOMER, sort_keys
from features.arrays.gathering import gathered
from features.arrays.memory import keep_freed_memory, small_pages
from features.arrays.order import customer_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    import duckdb

    from features.arrays.column import Array
    from features.tables import Tables

MONEY_DIGITS = 4

SORTED_BY: dict[str, tuple[str, ...]] = {
    "surveys": ("metric", "answered_at"),
    "balances": ("name", "measured_at"),
}
"""How the rows of a customer lie, where not by the clock: as the windows of the views want them."""

_HASHED = ("order_id",)
"""Ids that are only told apart, so many that a list of them would cost more than it is worth."""
_MOST_LISTED = 2**16
"""Other ids are listed up to so many; a list of millions takes seconds and a gigabyte."""
_LOOKED_AT = 500_000
"""Among so many rows it is looked whether the ids are more."""
_AT_ONCE = 250_000
"""Rows that DuckDB hands over at once."""


@dataclass(frozen=True, slots=True)
class SortedTables:
    """Tables as arrays sorted by customer.

    Parameters
    ----------
    customer_ids : in order; a customer's place is their number in every table.
    columns : the columns of each table, by name.
    """

    customer_ids: pa.Array
    columns: Mapping[str, Mapping[str, Column]]

    def of_customers(self, first: int, last: int) -> dict[str, dict[str, Column]]:
        """Return the rows of customers ``first`` to ``last - 1``, without copying them."""
        part = {}
        for name, columns in self.columns.items():
            start, end = self.rows_before([first, last], table=name)
            rows = slice(int(start), int(end))
            part[name] = {key: column.take(rows) for key, column in columns.items()}
        return part

    def rows_before(self, customers: Sequence[int] | Array, *, table: str) -> Array:
        """Return how many rows of a table belong to customers below some numbers."""
        numbers = self.columns[table][CUSTOMER].values
        # Needles of another type would have the whole column copied into that type.
        return np.searchsorted(numbers, np.asarray(customers, dtype=numbers.dtype))


def sorted_tables(
    tables: Tables, read: Mapping[str, Set[str]], *, log_table: str = "transactions"
) -> SortedTables:
    """Read the columns that features need, sorted by customer and time.

    Parameters
    ----------
    tables : the typed tables.
    read : the columns to read, of each table.
    log_table : the table that tells who lives.

    Raises
    ------
    ContractError
        If neither memory nor disk is enough to sort a table.
    """
    keep_freed_memory()
    with tables.connection.cursor() as connection, _room_for(log_table):
        customers = _told(connection, log_table)

    def columns_of(name: str) -> dict[str, Column]:
        with tables.connection.cursor() as connection, _room_for(name):
            connection.register("customers_told", customers)
            return _columns(connection, name, read[name], n_customers=len(customers))

    # While DuckDB reads a table, another is sorted. The log is the longest, and is sorted in this
    # thread, so that an interruption reaches it; then so are those that nobody has begun.
    with small_pages(), ThreadPoolExecutor(max_workers=1) as beside:
        others = {name: beside.submit(columns_of, name) for name in read if name != log_table}
        columns = {log_table: columns_of(log_table)}
        for name, sorting in reversed(others.items()):
            columns[name] = columns_of(name) if sorting.cancel() else sorting.result()
    return SortedTables(customers["customer_id"], columns)


def _told(connection: duckdb.DuckDBPyConnection, log_table: str) -> pa.RecordBatch:
    """Return who is in the log, in order, with their numbers."""
    ids = connection.sql(
        f"SELECT DISTINCT customer_id FROM {log_table} WHERE customer_id IS NOT NULL "
        "ORDER BY customer_id"
    ).to_arrow_table()
    numbers = pa.array(np.arange(len(ids), dtype=np.int32))
    return pa.record_batch({"customer_id": ids["customer_id"].combine_chunks(), "number": numbers})


@contextmanager
def _room_for(name: str) -> Iterator[None]:
    """Say in words that a table has no room."""
    # Not at the top: the service computes from rows without DuckDB.
    import duckdb

    from features.sources import TooLarge

    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as err:
        raise TooLarge(name) from err
    except OSError as err:  # all that Arrow passes on while rows are handed over is the text
        if "Out of Memory" not in str(err):
            raise
        raise TooLarge(name) from err


def _columns(
    connection: duckdb.DuckDBPyConnection, name: str, read: Set[str], *, n_customers: int
) -> dict[str, Column]:
    kinds = _kinds(connection, name, read)
    [[most]] = connection.sql(f"SELECT count(*) FROM {name}").fetchall()
    batches = connection.sql(
        f"SELECT told.number AS customer_id, {_selected(kinds)} FROM {name} AS held "
        f"JOIN customers_told AS told USING (customer_id)"
    ).to_arrow_reader(_AT_ONCE)
    lying = gathered(batches, most=most)
    kept = {each: _held(lying.pop(each), kind) for each, kind in kinds.items()} | lying
    by = sort_keys([(kept[each], False) for each in _sorted_by(name) if each in kinds])
    order = customer_order(kept[CUSTOMER].values, by, n_customers=n_customers)
    return {each: kept.pop(each).take(order) for each in list(kept)}


def _kinds(connection: duckdb.DuckDBPyConnection, table: str, read: Set[str]) -> dict[str, str]:
    """Return how each column that is read becomes numbers."""
    contract = table_contract(table)
    wanted = [contract.column(each) for each in read if each != CUSTOMER]
    return {
        each.name: "hash"
        if each.kind == "id" and _is_hashed(connection, table, each.name)
        else each.kind
        for each in wanted
    }


def _selected(kinds: Mapping[str, str]) -> str:
    forms = [
        f"{_FORMS[kind].format(column=f'held.{name}')} AS {name}" for name, kind in kinds.items()
    ]
    return ", ".join(forms)


def _sorted_by(table: str) -> tuple[str, ...]:
    return SORTED_BY.get(table, (table_contract(table).clock,))


_FORMS = {
    "instant": "epoch_us({column})",
    # A product of DECIMAL(18) may not pass 18 digits; with 28 it takes twenty times as long.
    "money": (
        f"CASE WHEN {{column}} BETWEEN -{10**9} AND {10**9}"
        f" THEN CAST({{column}} * {10**MONEY_DIGITS} AS BIGINT)"
        f" ELSE CAST(CAST({{column}} AS DECIMAL(28, 4)) * {10**MONEY_DIGITS} AS BIGINT) END"
    ),
    "number": "{column}",
    "flag": "{column}",
    # The hash of null is a number like any other.
    "hash": "CASE WHEN {column} IS NOT NULL THEN CAST(hash({column}) >> 1 AS BIGINT) END",
    "text": "{column}",
    "id": "{column}",
}
"""What each kind of column is in the query; texts become numbers after it."""


def _is_hashed(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    if column in _HASHED:
        return True
    counted = connection.sql(
        f"SELECT approx_count_distinct({column}) FROM "
        f"(SELECT {column} FROM {table} LIMIT {_LOOKED_AT})"
    ).fetchall()
    return bool(counted[0][0] > _MOST_LISTED)


def _held(found: Column, kind: str) -> Column:
    """Return a column as its kind is kept: money by its digits, what is no number as null."""
    valid = found.valid
    if kind == "number" and found.values.dtype.kind == "f":
        missing = np.isnan(found.values)
        if missing.any():
            valid = ~missing if valid is None else valid & ~missing
    return Column(found.values, valid, MONEY_DIGITS if kind == "money" else None, found.words)
