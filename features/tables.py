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

_TOLD_FROM = {"transactions": "occurred_at", "subscriptions": "ended_at"}
"""Whose first instant is the start of the log."""


@dataclass(slots=True)
class Tables:
    """An open connection, and for each table that is there the columns it has.

    ``findings`` are the warnings and advice of the check that the tables passed. ``log_table`` is
    the table that tells who lives and who leaves; its rows are the log.
    """

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, frozenset[str]]
    time_zone: str = "UTC"
    findings: list[Finding] = field(default_factory=list)
    log_table: str = "transactions"

    def log_start(self, *, now: datetime) -> datetime:
        """Return the instant from which the log holds what happened, as known before ``now``.

        Of transactions that is the first one. Of subscriptions it is the first end: some that ran
        when the log began had begun years earlier, and of those that had ended nothing is known.
        """
        known = known_sql(self.log_table, self.columns[self.log_table])
        clock, cut = _TOLD_FROM[self.log_table], timestamp_sql(now)
        return self._one_instant(
            f"SELECT min({clock}) FROM {self.log_table} WHERE {known} < {cut} AND {clock} < {cut}"
        )

    def log_end(self, *, now: datetime) -> datetime:
        """Return the midnight until which the log can be complete.

        That is the first midnight after the last transaction, or the last beginning or end of a
        subscription, but never one that is still to come at ``now``: the day that runs is not over.
        """
        last = self._one_instant(f"SELECT max(happened_at) FROM ({self._moments_sql(now)})")
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
        end, silence = self.log_end(now=now), self._longest_silence_days(now)
        if instant > min(shift_days(end, silence, time_zone=self.time_zone), max(end, now)):
            ends, asked = (day_in_words(at, time_zone=self.time_zone) for at in (end, instant))
            raise NotReady(
                f"The log ends at {ends}, and was never silent for more than {silence} day(s): "
                f"nothing is known of the time up to {asked}. Use --as-of {ends}, or bring newer "
                f"data."
            )

    def _moments_sql(self, now: datetime) -> str:
        """Return the query for the instants at which the log says that something happened."""
        if self.log_table == "transactions":
            return "SELECT occurred_at AS happened_at FROM transactions"
        return (
            "SELECT started_at AS happened_at FROM subscriptions UNION ALL SELECT ended_at AS "
            f"happened_at FROM subscriptions WHERE ended_at < {timestamp_sql(now)}"
        )

    def _longest_silence_days(self, now: datetime) -> int:
        moments = self._moments_sql(now)
        days = f"SELECT DISTINCT CAST(happened_at AS DATE) AS day FROM ({moments})"
        found = self.connection.sql(
            "SELECT max(silence) FROM (SELECT date_diff('day', lag(day) OVER (ORDER BY day), day) "
            f"- 1 AS silence FROM ({days}))"
        ).fetchall()[0][0]
        return int(found or 0)

    def _one_instant(self, query: str) -> datetime:
        instant: datetime | None = self.connection.sql(query).fetchall()[0][0]
        if instant is None:
            nothing = (
                "No subscription has ended yet"
                if self.log_table == "subscriptions"
                else "There are no transactions yet"
            )
            raise NotReady(f"{nothing}, so there is nothing to learn from.")
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
