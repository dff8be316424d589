"""How the raw tables looked at training: their size, their span, and the hours of the day.

Kept in the lineage of a bundle, so that the gate can tell whether a later log has lost rows, holds
some twice, ended early, or was read in another time zone. It holds counts and instants only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.contracts.tables import table_contract
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
    from datetime import datetime

    from features.tables import Tables

RECENT_DAYS = 90
"""Days before the instant over which rows are compared with each other, and hours are counted."""


def log_profile(tables: Tables, *, now: datetime) -> dict[str, Any]:
    """Return how each table looked to who knew only what was known before an instant.

    Parameters
    ----------
    tables : the typed tables.
    now : aware instant, exclusive.

    Returns
    -------
    dict
        For each table that dates its rows: ``rows``; ``first_at`` and ``last_at``, ISO instants or
        None; and of the last 90 days ``recent_rows``, ``recent_different`` (so many of them differ)
        and ``recent_hours`` (24 counts, by the hour of the day in the project's time zone).
    """
    profile: dict[str, Any] = {}
    for name, columns in sorted(tables.columns.items()):
        clock = table_contract(name).clock
        if clock in columns and clock in table_contract(name).required:
            profile[name] = _of_table(tables, name, clock, now)
    return profile


def _of_table(tables: Tables, name: str, clock: str, now: datetime) -> dict[str, Any]:
    columns = tables.columns[name]
    cut = timestamp_sql(now)
    known = f"FROM {name} WHERE {clock} < {cut} AND {known_sql(name, columns)} < {cut}"
    rows, first, last = tables.connection.sql(
        f"SELECT count(*), min({clock}), max({clock}) {known}"
    ).fetchall()[0]
    recent = f"{known} AND {clock} >= {cut} - INTERVAL {RECENT_DAYS} DAY"
    hour = f"hour(timezone('{tables.time_zone}', timezone('UTC', {clock})))"
    counted = tables.connection.sql(
        f"SELECT {hour} AS hour, count(*) {recent} GROUP BY ALL ORDER BY hour"
    ).fetchall()
    kept = ", ".join(sorted(columns))
    [[different]] = tables.connection.sql(
        f"SELECT count(*) FROM (SELECT DISTINCT {kept} {recent})"
    ).fetchall()
    hours = dict(counted)
    return {
        "rows": rows,
        "first_at": None if first is None else f"{first.isoformat()}+00:00",
        "last_at": None if last is None else f"{last.isoformat()}+00:00",
        "recent_rows": sum(hours.values()),
        "recent_different": different,
        "recent_hours": [hours.get(each, 0) for each in range(24)],
    }
