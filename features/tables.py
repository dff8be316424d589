"""The typed tables of one company in an in-memory DuckDB, under the names of their contracts.

Instants are UTC, money is decimal, and optional columns that the company lacks are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from ebbtide.clock import next_midnight
from ebbtide.contracts.tables import table_contract, typed_sql
from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.contracts.findings import Finding


@dataclass(slots=True)
class Tables:
    """An open connection, and for each table that is there the columns it has.

    ``findings`` are the warnings and advice of the check that the tables passed.
    """

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, frozenset[str]]
    time_zone: str = "UTC"
    findings: list[Finding] = field(default_factory=list)

    def log_start(self) -> datetime:
        """Return the instant of the first transaction."""
        return self._one_instant("SELECT min(occurred_at) FROM transactions")

    def log_end(self) -> datetime:
        """Return the first midnight after the last transaction: until then the log is complete."""
        last = self._one_instant("SELECT max(occurred_at) FROM transactions")
        return next_midnight(last, time_zone=self.time_zone)

    def _one_instant(self, query: str) -> datetime:
        instant: datetime | None = self.connection.sql(query).fetchall()[0][0]
        if instant is None:
            raise NotReady("There are no transactions yet, so there is nothing to learn from.")
        return instant.replace(tzinfo=UTC)


def quoted(text: str) -> str:
    """Return a text as a literal of SQL.

    Examples
    --------
    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def connect(time_zone: str, *, base: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB.

    Parameters
    ----------
    time_zone : IANA name; instants without an offset are read in it.
    base : folder that relative paths in queries start from; None is the working directory.
    """
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{time_zone}'")
    if base is not None:
        connection.execute(f"SET file_search_path = {quoted(str(base))}")
    return connection


def load_relation(connection: duckdb.DuckDBPyConnection, name: str) -> frozenset[str]:
    """Type the relation ``raw_<name>`` into the table ``<name>`` and return the columns it has."""
    present = {row[0] for row in connection.sql(f"DESCRIBE raw_{name}").fetchall()}
    kept = [column for column in table_contract(name).columns if column.name in present]
    selected = ", ".join(f'{typed_sql(column)} AS "{column.name}"' for column in kept)
    connection.execute(f"CREATE TABLE {name} AS SELECT {selected} FROM raw_{name}")
    return frozenset(column.name for column in kept)
