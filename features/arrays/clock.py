"""The clock on the wall of a time zone, for arrays of UTC microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from ebbtide.clock import zone
from features.arrays.column import Array, Column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_SPAN_DAYS = 512
"""Changes of the clock are looked up, and kept, for spans so long."""
_SPAN_US = _SPAN_DAYS * _DAY_US
_FIRST_SPAN, _LAST_SPAN = -122, 164
"""The years 1799 to 2200: no zone changed its clocks before, and beyond they stay as they are."""


def microseconds(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970 in UTC."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def wall_clock(utc: Column, time_zone: str) -> Column:
    """Return UTC microseconds as the clocks of a zone show them.

    Parameters
    ----------
    utc : microseconds since 1970.
    time_zone : IANA name.
    """
    there = utc.values if utc.valid is None else utc.values[utc.valid]
    if there.size == 0:
        return utc
    spans = (int(each) // _SPAN_US for each in (there.min(), there.max()))
    first, last = (min(max(span, _FIRST_SPAN), _LAST_SPAN) for span in spans)
    found = [_offsets(time_zone, span) for span in range(first, last + 1)]
    changes, offsets = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    place = np.searchsorted(changes, utc.values, side="right") - 1
    return Column(np.asarray(utc.values + offsets[np.maximum(place, 0)]), utc.valid)


@lru_cache(maxsize=1024)
def _offsets(time_zone: str, span: int) -> tuple[Array, Array]:
    """Return when the offset of a zone changes, and the offsets from then on, in microseconds."""
    first_day = span * _SPAN_DAYS
    changes, offsets = [first_day * _DAY_US], [_offset(time_zone, first_day * _DAY_US)]
    for day in range(first_day, first_day + _SPAN_DAYS):
        start, end = day * _DAY_US, (day + 1) * _DAY_US
        while offsets[-1] != _offset(time_zone, end):
            changes.append(_next_change(time_zone, start, end))
            offsets.append(_offset(time_zone, changes[-1]))
            start = changes[-1]
    return np.array(changes), np.array(offsets)


def _next_change(time_zone: str, start: int, end: int) -> int:
    """Return the first microsecond in ``(start, end]`` with another offset than at ``start``."""
    before = _offset(time_zone, start)
    while end - start > 1:
        middle = (start + end) // 2
        if _offset(time_zone, middle) == before:
            start = middle
        else:
            end = middle
    return end


def _offset(time_zone: str, utc_us: int) -> int:
    local = (_EPOCH + timedelta(microseconds=utc_us)).astimezone(zone(time_zone))
    offset = local.utcoffset()
    assert offset is not None, "a zone has an offset"
    return offset // timedelta(microseconds=1)
