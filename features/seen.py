"""The one point-in-time filter: what of a table had happened and was known strictly before as_of.

Every feature reads tables through the query made here and through nothing else. A row is seen if it
happened, and was known, strictly before ``as_of``, and not longer ago than the lookback. A column
that is filled in later is null until the instant that its contract names has passed as well.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from ebbtide.clock import shift_days, zone
from ebbtide.contracts.tables import SQL_TYPES, table_contract

if TYPE_CHECKING:
    from collections.abc import Set
    from datetime import datetime

    from ebbtide.contracts.tables import Column, TableContract


def seen_sql(table: str, columns: Set[str], *, time_zone: str = "UTC") -> str:
    """Return the query for the rows of a table that are seen at an instant.

    The instant is left open, as ``$as_of``, with ``$first`` for the start of the lookback and
    ``$wall`` for what the clocks of the zone show at the instant; :func:`at_instant` fills them.

    Adds ``age_us`` (microseconds from the row to ``as_of``, >= 1), ``age_days`` (the same in days),
    ``age_day`` (civil days, 0 for the last one before ``as_of``) and ``weekday`` (1 is Monday).

    Parameters
    ----------
    table : name of a table of the contract.
    columns : the columns it has.
    time_zone : IANA name of the zone whose civil days are counted.
    """
    contract = table_contract(table)
    known = "known_at" if "known_at" in columns else None
    selected = ", ".join(
        f"{_visible(column, columns)} AS {column.name}" for column in contract.columns
    )
    if contract.clock not in contract.required:
        was_known = "TRUE" if known is None else f"({known} IS NULL OR {known} < $as_of)"
        return f"SELECT {selected} FROM {table} WHERE {was_known}"
    clock = contract.clock
    was_known = "" if known is None else f" AND ({known} IS NULL OR {known} < $as_of)"
    age = f"date_diff('microsecond', {clock}, $as_of)"
    wall = clock if time_zone == "UTC" else f"timezone('{time_zone}', timezone('UTC', {clock}))"
    return (
        f"SELECT {selected}, {age} AS age_us, {age} / CAST(86400000000 AS DOUBLE) AS age_days, "
        # By the clock on the wall; without changes of the clocks it is the age in days.
        f"CAST(greatest(date_diff('microsecond', {wall}, $wall) - 1, 0) // 86400000000 AS INTEGER)"
        f" AS age_day, isodow({wall}) AS weekday FROM {table} "
        f"WHERE {clock} < $as_of{was_known} AND {_last_sign(contract, columns)} >= $first"
    )


def known_sql(table: str, columns: Set[str]) -> str:
    """Return the SQL of the instant at which a row of a table with a clock was known.

    Examples
    --------
    >>> known_sql("transactions", {"occurred_at", "known_at"})
    'coalesce(known_at, occurred_at)'
    >>> known_sql("transactions", {"occurred_at"})
    'occurred_at'
    """
    clock = table_contract(table).clock
    return f"coalesce(known_at, {clock})" if "known_at" in columns else clock


def at_instant(
    sql: str, *, as_of: datetime, lookback_days: int, time_zone: str, **others: datetime
) -> str:
    """Fill the instants that a query leaves open.

    Parameters
    ----------
    sql : with ``$as_of``, ``$first``, ``$wall`` and the names of the others.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    time_zone : IANA name of the zone whose civil days are counted.
    others : further instants, by the name that the query has for them.
    """
    instants = instants_at(as_of, lookback_days=lookback_days, time_zone=time_zone) | others
    for name, instant in instants.items():
        sql = sql.replace(f"${name}", timestamp_sql(instant))
    return sql


def instants_at(as_of: datetime, *, lookback_days: int, time_zone: str) -> dict[str, datetime]:
    """Return the instants that the filter needs, by the names that its query has for them."""
    return {
        "as_of": as_of,
        "first": shift_days(as_of, -lookback_days, time_zone=time_zone),
        "wall": as_of.astimezone(zone(time_zone)).replace(tzinfo=UTC),
    }


def _last_sign(contract: TableContract, columns: Set[str]) -> str:
    """Return until when a row has something to say: its clock, or, while it runs, the present."""
    ends = contract.runs_until
    if ends is None:
        return contract.clock
    return (
        "$as_of"
        if ends not in columns
        else f"CASE WHEN {ends} < $as_of THEN {ends} ELSE $as_of END"
    )


def timestamp_sql(instant: datetime) -> str:
    """Return an aware instant as a literal of DuckDB's UTC timestamps.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> timestamp_sql(datetime(2011, 3, 1, tzinfo=UTC))
    "TIMESTAMP '2011-03-01 00:00:00.000000'"
    """
    offset = instant.utcoffset()
    assert offset is not None, "an instant without a zone reached the engine"
    return f"TIMESTAMP '{(instant - offset).replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}'"


def _visible(column: Column, columns: Set[str]) -> str:
    if column.name not in columns:
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
    if column.completed_at is None:
        return column.name
    if column.completed_at not in columns:
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
    return f"CASE WHEN {column.completed_at} < $as_of THEN {column.name} END"
