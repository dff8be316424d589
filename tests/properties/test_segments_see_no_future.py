"""Segments know no more than the snapshot: no future changes a segment, level or type."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebbtide.segment_settings import Segments
from features.segments.facts import segment_frame
from features.segments.scale import SegmentScale

pytestmark = pytest.mark.property


def segments_of(world, company):
    opened = world.open_tables(company)
    try:
        frame = segment_frame(
            opened, as_of=world.as_of, lookback_days=365, definition=world.definition
        )
    finally:
        opened.connection.close()
    return SegmentScale.of(frame, Segments(), definition=world.definition).segments(frame)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_no_future_changes_a_segment(world, data) -> None:
    company = data.draw(world.companies())
    other = data.draw(world.with_another_future(company))
    assert segments_of(world, company).to_pylist() == segments_of(world, other).to_pylist()
