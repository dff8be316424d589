"""Read instants on Spark as DuckDB reads them: as UTC timestamps without a zone.

Text is taken apart here and not by Spark's cast, which drops an offset, takes the time of a day for
today's, and reads ``2011`` as a date.
"""

from __future__ import annotations

_TEXT = (
    r"^\\s*([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:(?:T|\\s+)([0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:[.][0-9]*)?)?)"
    r"(Z|\\s+UTC|\\s+GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\\s*$"
)
_OFFSET = r"([+-])([0-9]{2}):?([0-9]{2})?"


def instant_sql(value: str, *, raw_type: str, time_zone: str) -> str:
    """Return Spark's SQL for a raw value as a UTC timestamp; null where it is none.

    Parameters
    ----------
    value : SQL of the raw value.
    raw_type : its type on Spark: ``string``, ``timestamp_ntz``, ``timestamp`` or ``date``; anything
        else is no instant.
    time_zone : IANA name of the zone of values that carry none.

    Examples
    --------
    >>> instant_sql("t", raw_type="timestamp_ntz", time_zone="UTC")
    't'
    >>> instant_sql("t", raw_type="int", time_zone="UTC")
    'CAST(NULL AS TIMESTAMP_NTZ)'
    """
    if raw_type == "timestamp":
        return f"CAST({value} AS TIMESTAMP_NTZ)"
    if raw_type == "timestamp_ntz":
        return utc_sql(value, time_zone)
    if raw_type == "date":
        return utc_sql(f"CAST({value} AS TIMESTAMP_NTZ)", time_zone)
    return _of_text(value, time_zone) if raw_type == "string" else "CAST(NULL AS TIMESTAMP_NTZ)"


def utc_sql(wall: str, time_zone: str) -> str:
    """Return Spark's SQL for what the clocks of a zone showed, in UTC.

    An hour that the clocks show twice is the later one, as in DuckDB; Spark takes the earlier.

    Parameters
    ----------
    wall : SQL of a timestamp without a zone.
    time_zone : IANA name.
    """
    if time_zone == "UTC":
        return wall
    early = f"convert_timezone('{time_zone}', 'UTC', {wall})"
    late = " ".join(
        f"WHEN convert_timezone('UTC', '{time_zone}', {early} + INTERVAL '{minutes}' MINUTE)"
        f" = {wall} THEN {early} + INTERVAL '{minutes}' MINUTE"
        for minutes in (60, 30)  # Lord Howe turns its clocks by half an hour
    )
    return f"CASE {late} ELSE {early} END"


def _of_text(value: str, time_zone: str) -> str:
    """Return SQL that reads ISO 8601 text; an offset moves it, no offset means the zone."""
    year, month, day, clock, offset = (
        f"regexp_extract({value}, '{_TEXT}', {group})" for group in range(1, 6)
    )
    shown = (
        f"TRY_CAST(concat({year}, '-', {month}, '-', {day}, ' ',"
        f" coalesce(nullif({clock}, ''), '00:00')) AS TIMESTAMP_NTZ)"
    )
    sign, hours, minutes = (
        f"regexp_extract({offset}, '{_OFFSET}', {group})" for group in range(1, 4)
    )
    behind = (
        f"CAST(concat({sign}, '1') AS INT) * (CAST({hours} AS INT) * 60"
        f" + CAST(coalesce(nullif({minutes}, ''), '0') AS INT))"
    )
    return (
        f"CASE WHEN NOT {value} RLIKE '{_TEXT}' THEN NULL"
        f" WHEN {offset} = '' THEN {utc_sql(shown, time_zone)}"
        f" WHEN {offset} RLIKE '^[+-]' THEN timestampadd(MINUTE, -({behind}), {shown})"
        f" ELSE {shown} END"
    )
