"""Instants as the clocks on the wall of the project's zone show them, in SQL."""

from __future__ import annotations


def wall_sql(clock: str, time_zone: str) -> str:
    """Return a UTC timestamp column as local time.

    Examples
    --------
    >>> wall_sql("occurred_at", "UTC")
    'occurred_at'
    """
    return clock if time_zone == "UTC" else f"timezone('{time_zone}', timezone('UTC', {clock}))"
