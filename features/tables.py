"""The typed tables of one company in an in-memory DuckDB, under the names of their contracts.

Instants are UTC, money is decimal, and optional columns that the company lacks are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from ebbtide.clock import day_in_words, last_midnight, next_midnight, shift_days
from ebbtide.contracts.tables import table_contract, typed_sql
from ebbtide.errors import NotReady
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
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

    def log_start(self, *, now: datetime) -> datetime:
        """Return the instant of the first transaction that was known before ``now``."""
        known = known_sql("transactions", self.columns["transactions"])
        return self._one_instant(
            f"SELECT min(occurred_at) FROM transactions WHERE {known} < {timestamp_sql(now)}"
        )

    def log_end(self, *, now: datetime) -> datetime:
        """Return the midnight until which the log can be complete.

        That is the first midnight after the last transaction, but never one that is still to come
        at ``now``: the day that runs is not over.
        """
        last = self._one_instant("SELECT max(occurred_at) FROM transactions")
        return min(
            next_midnight(last, time_zone=self.time_zone),
            last_midnight(now, time_zone=self.time_zone),
        )

    def require_observed(self, instant: datetime, *, now: datetime) -> None:
        """Return if the log can tell what had happened until an instant.

        A log that was silent for some days before may be so again. Beyond its end and its longest
        silence, rows are missing: customers would look silent who are only unobserved.

        Raises
        ------
        NotReady
            If the instant lies beyond that.
        """
        end, silence = self.log_end(now=now), self._longest_silence_days()
        if instant > min(shift_days(end, silence, time_zone=self.time_zone), max(end, now)):
            ends, asked = (day_in_words(at, time_zone=self.time_zone) for at in (end, instant))
            raise NotReady(
                f"The log ends at {ends}, and was never silent for more than {silence} day(s): "
                f"nothing is known of the time up to {asked}. Use --as-of {ends}, or bring newer "
                f"data."
            )

    def _longest_silence_days(self) -> int:
        days = "SELECT DISTINCT CAST(occurred_at AS DATE) AS day FROM transactions"
        found = self.connection.sql(
            "SELECT max(silence) FROM (SELECT date_diff('day', lag(day) OVER (ORDER BY day), day) "
            f"- 1 AS silence FROM ({days}))"
        ).fetchall()[0][0]
        return int(found or 0)

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


def connect(time_zone: str) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB, in which a query sees tables and files but no variable of Python.

    Parameters
    ----------
    time_zone : IANA name; instants without an offset are read in it.
    """
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{time_zone}'")
    connection.execute("SET python_enable_replacements = false")
    return connection


def load_relation(connection: duckdb.DuckDBPyConnection, name: str) -> frozenset[str]:
    """Type the relation ``raw_<name>`` into the table ``<name>`` and return the columns it has."""
    present = {row[0]: row[1] for row in connection.sql(f"DESCRIBE raw_{name}").fetchall()}
    [[zone]] = connection.sql("SELECT current_setting('TimeZone')").fetchall()
    kept = [column for column in table_contract(name).columns if column.name in present]
    selected = ", ".join(
        f'"{column.name}"'
        # Naive times in UTC are what they are to become; to convert them would cost most of all.
        if column.kind == "instant" and present[column.name] == "TIMESTAMP" and zone == "UTC"
        else f'{typed_sql(column)} AS "{column.name}"'
        for column in kept
    )
    connection.execute(f"CREATE TABLE {name} AS SELECT {selected} FROM raw_{name}")
    return frozenset(column.name for column in kept)
