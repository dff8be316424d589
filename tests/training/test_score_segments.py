"""Segments beside scores are those of the scored customers, whatever the bundle reads."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from by_hand import PRESENT
from ebbtide.segment_settings import Segments
from features.catalogue.catalogue import features_named, features_present
from features.segments.facts import segment_frame
from features.segments.scale import SEGMENT_COLUMNS, SegmentScale
from features.snapshot import build_snapshot
from training.score_segments import with_segments


@pytest.mark.parametrize("names", [None, ["recency_days", "gap_mean_days"]], ids=["all", "two"])
def test_scores_gain_the_segments_of_the_verb(tables, project, names) -> None:
    as_of, definition = tables.log_end(now=PRESENT), project.definition
    asked = {"as_of": as_of, "lookback_days": 365, "definition": definition}
    features = features_named(names) if names else features_present(tables.columns)
    snapshot = build_snapshot(tables, features=features, **asked)
    scored = pa.table(
        {"customer_id": snapshot["customer_id"], "status": ["scored"] * len(snapshot)}
    )
    bundle = SimpleNamespace(lookback_days=365, definition=definition)
    settings = Segments(vip_share=0.1)
    found = with_segments(
        scored, snapshot, tables=tables, bundle=bundle, settings=settings, as_of=as_of
    )
    frame = segment_frame(tables, **asked)
    expected = SegmentScale.of(frame, settings, definition=definition).segments(frame)
    assert found.column_names == ["customer_id", "status", *SEGMENT_COLUMNS]
    assert found.drop_columns("status").to_pydict() == expected.to_pydict()
    assert found["customer_level"].to_pylist().count("vip") == len(snapshot) // 10
