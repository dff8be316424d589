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


def seen_sql(
    table: str,
    columns: Set[str],
    *,
    as_of: datetime,
    lookback_days: int,
    time_zone: str = "UTC",
) -> str:
    """Return the query for the rows of a table that are seen at an instant.

    Adds ``age_us`` (microseconds from the row to ``as_of``, >= 1), ``age_days`` (the same in days)
    and ``age_day`` (civil days, 0 for the last one before ``as_of``). Columns that the company does
    not have come as nulls.

    Parameters
    ----------
    table : name of a table of the contract.
    columns : the columns it has.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days; tables without a clock of their own are not cut.
    time_zone : IANA name of the zone whose civil days are counted.
    """
    contract = table_contract(table)
    cut = timestamp_sql(as_of)
    known = "known_at" if "known_at" in columns else "CAST(NULL AS TIMESTAMP)"
    selected = ", ".join(
        f"{_visible(column, columns, cut)} AS {column.name}" for column in contract.columns
    )
    if contract.clock not in contract.required:
        return f"SELECT {selected} FROM {table} WHERE coalesce({known}, '-infinity') < {cut}"
    clock = contract.clock
    age = f"date_diff('microsecond', {clock}, {cut})"
    first = timestamp_sql(shift_days(as_of, -lookback_days, time_zone=time_zone))
    return (
        f"SELECT {selected}, {age} AS age_us, {age} / CAST(86400000000 AS DOUBLE) AS age_days, "
        f"{_age_day(clock, as_of, time_zone)} AS age_day, "
        f"isodow({_wall(clock, time_zone)}) AS weekday "
        f"FROM {table} "
        f"WHERE {clock} < {cut} AND coalesce({known}, {clock}) < {cut} "
        f"AND {_last_sign(contract, columns, cut)} >= {first}"
    )


def _last_sign(contract: TableContract, columns: Set[str], cut: str) -> str:
    """Return until when a row has something to say: its clock, or, while it runs, the present."""
    if contract.runs_until is None:
        return contract.clock
    if contract.runs_until not in columns:
        return cut
    return f"CASE WHEN {contract.runs_until} < {cut} THEN {contract.runs_until} ELSE {cut} END"


def _age_day(clock: str, as_of: datetime, time_zone: str) -> str:
    """Count civil days by the wall clock; without changes of the clocks it is the age in days."""
    wall = _wall(clock, time_zone)
    wall_cut = timestamp_sql(as_of.astimezone(zone(time_zone)).replace(tzinfo=UTC))
    age = f"date_diff('microsecond', {wall}, {wall_cut})"
    return f"CAST(greatest({age} - 1, 0) // 86400000000 AS INTEGER)"


def _wall(clock: str, time_zone: str) -> str:
    """Return a UTC timestamp as the clocks on the wall of a zone show it."""
    return clock if time_zone == "UTC" else f"timezone('{time_zone}', timezone('UTC', {clock}))"


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


def _visible(column: Column, columns: Set[str], cut: str) -> str:
    if column.name not in columns:
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
    if column.completed_at is None:
        return column.name
    if column.completed_at not in columns:
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
    return f"CASE WHEN {column.completed_at} < {cut} THEN {column.name} END"
