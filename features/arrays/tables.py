"""The rows of a company as sorted arrays, customer by customer, read once from its typed tables.

Only customers of the table that tells who lives are kept: nobody else is in any snapshot.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.contracts.tables import table_contract
from features.arrays.column import Column
from features.arrays.frame import CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

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
"""Other ids are listed up to so many; a list of millions takes twenty seconds and a gigabyte."""


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
    connection = tables.connection.cursor()
    try:
        with _room_for(log_table):
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE buyers AS SELECT customer_id, "
                "CAST(row_number() OVER (ORDER BY customer_id) - 1 AS INTEGER) AS number "
                f"FROM (SELECT DISTINCT customer_id FROM {log_table})"
            )
            ids = connection.sql("SELECT customer_id FROM buyers ORDER BY number").to_arrow_table()
        columns = {}
        for name in read:
            with _room_for(name):
                columns[name] = _columns(connection, name, read[name])
        connection.execute("DROP TABLE buyers")
    finally:
        connection.close()
    return SortedTables(ids["customer_id"].combine_chunks(), columns)


@contextmanager
def _room_for(name: str) -> Iterator[None]:
    """Say in words that a table has no room."""
    # Not at the top: the service computes from rows without DuckDB.
    import duckdb

    from features.sources import TooLarge

    try:
        yield
    except duckdb.OutOfMemoryException as err:
        raise TooLarge(name) from err


def _columns(
    connection: duckdb.DuckDBPyConnection, name: str, read: Iterable[str]
) -> dict[str, Column]:
    contract = table_contract(name)
    wanted = [contract.column(each) for each in read if each != CUSTOMER]
    kinds = {
        each.name: "hash"
        if each.kind == "id" and _is_hashed(connection, name, each.name)
        else each.kind
        for each in wanted
    }
    words: dict[str, tuple[str, ...]] = {}
    parts = ["buyers.number AS customer_id"]
    for each, kind in kinds.items():
        if kind in ("text", "id"):
            words[each] = _words(connection, name, each)
        parts.append(f"{_FORMS[kind].format(column=f'held.{each}', words=each)} AS {each}")
    clock = (contract.clock,) if contract.clock in kinds else ()
    order = ", ".join(f"held.{each}" for each in SORTED_BY.get(name, clock) if each in kinds)
    found = connection.sql(
        f"SELECT {', '.join(parts)} FROM {name} AS held JOIN buyers USING (customer_id) "
        f"ORDER BY buyers.number{', ' + order if order else ''}"
    ).to_arrow_table()  # on all processors, where fetchnumpy takes one
    for each in words:
        connection.execute(f"DROP TYPE words_of_{each}")
    columns = {CUSTOMER: Column(found[CUSTOMER].to_numpy())}
    for each, kind in kinds.items():
        columns[each] = _held(found[each], kind, words.get(each))
    return columns


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
    "text": "enum_code(CAST({column} AS words_of_{words}))",
    "id": "enum_code(CAST({column} AS words_of_{words}))",
}
"""How each kind of column becomes numbers."""


def _is_hashed(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    if column in _HASHED:
        return True
    counted = connection.sql(f"SELECT approx_count_distinct({column}) FROM {table}").fetchall()
    return bool(counted[0][0] > _MOST_LISTED)


def _words(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> tuple[str, ...]:
    connection.execute(
        f"CREATE OR REPLACE TEMP TYPE words_of_{column} AS ENUM (SELECT {column} FROM "
        f"(SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL) ORDER BY {column})"
    )
    words = connection.sql(f"SELECT enum_range(CAST(NULL AS words_of_{column}))").fetchall()[0][0]
    return tuple(words)


def _held(found: pa.ChunkedArray, kind: str, words: tuple[str, ...] | None) -> Column:
    valid = None
    if found.null_count:
        valid = found.is_valid().to_numpy()
        found = found.fill_null(pa.scalar(0).cast(found.type))
    values = found.to_numpy()
    if kind == "number" and values.dtype.kind == "f":
        missing = np.isnan(values)
        if missing.any():
            valid = ~missing if valid is None else valid & ~missing
    scale = MONEY_DIGITS if kind == "money" else None
    return Column(values, valid, scale, words)
