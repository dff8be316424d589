"""The rows of every customer as they were known at an instant, written as one text for each.

What is seen is said by ``features.seen`` alone, so that a history holds what the engine would see.
Packing and keeping them is for ``ebbtide.store.histories``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.tables import table_contract
from ebbtide.store.histories import Layout
from features.seen import at_instant, seen_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ebbtide.contracts.tables import Column
    from features.tables import Tables

AT_ONCE = 2_000
"""How many histories are handed over together."""
_IN_MEMORY = 100_000  # customers whose rows are put together at once


def layout_of(tables: Tables, *, lookback_days: int) -> Layout:
    """Return what histories of some tables hold.

    Parameters
    ----------
    tables : the typed tables that a model reads, with the columns that it was trained on.
    lookback_days : how far back the model looks, days.
    """
    return Layout(
        columns={
            name: tuple(
                column.name
                for column in table_contract(name).columns
                if column.name in columns and _is_written(name, column)
            )
            for name, columns in tables.columns.items()
        },
        lookback_days=lookback_days,
    )


def _is_written(table: str, column: Column) -> bool:
    """Whether a column says more than that the row is the customer's, and was known."""
    if column.name == "known_at":
        return table_contract(table).clock == "known_at"
    return column.name != "customer_id"


def histories(
    tables: Tables, layout: Layout, *, as_of: datetime, in_memory: int = _IN_MEMORY
) -> Iterator[list[tuple[str, str]]]:
    """Give the history of every customer of whom any row is seen, some at a time.

    Parameters
    ----------
    tables : the typed tables.
    layout : what to write, as :func:`layout_of` says.
    as_of : aware instant, exclusive.
    in_memory : of about how many customers rows are put together at once.

    Yields
    ------
    list of (customer_id, rows)
        The rows are a JSON array for each table of the layout, with an array for each row; instants
        are microseconds since 1970.
    """
    with tables.connection.cursor() as connection:
        connection.execute(f"SET TimeZone = '{tables.time_zone}'")
        seen = {
            name: at_instant(
                seen_sql(name, tables.columns[name], time_zone=tables.time_zone),
                as_of=as_of,
                lookback_days=layout.lookback_days,
                time_zone=tables.time_zone,
            )
            for name in layout.columns
        }
        customers = " UNION ".join(f"SELECT customer_id FROM {name}" for name in seen)
        [[count]] = connection.sql(f"SELECT count(*) FROM ({customers})").fetchall()
        parts = -(-count // in_memory)
        for part in range(parts):
            reader = connection.sql(
                _part_sql(seen, layout, part=part, parts=parts)
            ).to_arrow_reader(AT_ONCE)
            for batch in reader:
                ids, rows = (column.to_pylist() for column in batch.columns)
                yield list(zip(ids, rows, strict=True))


def _part_sql(seen: Mapping[str, str], layout: Layout, *, part: int, parts: int) -> str:
    """Return the query for the histories of one part of the customers, told apart by their hash."""
    written = {
        name: "SELECT customer_id, '[' || string_agg(CAST(json_array("
        f"{', '.join(_form(column) for column in _columns(layout, name))}) AS VARCHAR), ',') || ']'"
        f" AS rows FROM ({query}) WHERE customer_id IS NOT NULL"
        f" AND hash(customer_id) % {parts} = {part} GROUP BY customer_id"
        for name, query in seen.items()
    }
    ctes = ", ".join(f"of_{name} AS ({query})" for name, query in written.items())
    everyone = " UNION ".join(f"SELECT customer_id FROM of_{name}" for name in written)
    joins = " ".join(f"LEFT JOIN of_{name} USING (customer_id)" for name in written)
    rows = " || ',' || ".join(f"coalesce(of_{name}.rows, '[]')" for name in written)
    return (
        f"WITH {ctes}, everyone AS ({everyone}) "
        f"SELECT customer_id, '[' || {rows} || ']' FROM everyone {joins}"
    )


def _columns(layout: Layout, table: str) -> list[Column]:
    return [table_contract(table).column(name) for name in layout.columns[table]]


def _form(column: Column) -> str:
    if column.kind == "instant":
        return f"epoch_us({column.name})"
    if column.kind == "number":
        return f"CASE WHEN isfinite({column.name}) THEN {column.name} END"
    return column.name
