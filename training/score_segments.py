"""Segments, levels and value types beside batch scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from features.segments.facts import segment_frame
from features.segments.scale import SEGMENT_COLUMNS, SegmentScale

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.bundle.contents import Bundle
    from ebbtide.segment_settings import Segments
    from features.tables import Tables


def with_segments(
    scored: pa.Table,
    snapshot: pa.Table,
    *,
    tables: Tables,
    bundle: Bundle,
    settings: Segments,
    as_of: datetime,
) -> pa.Table:
    """Return scores with the columns ``rfm_segment`` to ``value_type`` added at the end.

    A company without purchases has no segments: there they are null. Elsewhere they are learned
    from, and computed on, the customers who are scored. Features that segments read come from the
    scored snapshot where the bundle reads them too; the others are built from the tables, at the
    same instant, with the bundle's lookback and definition.

    Parameters
    ----------
    scored : a row for each row of the snapshot, in its order.
    snapshot : the scored snapshot.
    tables : the typed tables it was built from.
    bundle : what scored.
    settings : section ``[segments]`` of the project file.
    as_of : instant of the snapshot.
    """
    if "transactions" not in tables.columns:
        return pa.table({**_by_name(scored), **_by_name(no_segments(scored.num_rows))})
    frame = segment_frame(
        tables,
        as_of=as_of,
        lookback_days=bundle.lookback_days,
        definition=bundle.definition,
        known=snapshot,
    )
    scale = SegmentScale.of(frame, settings, definition=bundle.definition)
    placed = scale.segments(frame)
    assert placed["customer_id"].equals(scored["customer_id"]), "scores and segments disagree"
    for column in SEGMENT_COLUMNS:
        scored = scored.append_column(column, placed[column])
    return scored


def no_segments(rows: int) -> pa.Table:
    """Return the columns of segments for customers who have none.

    Examples
    --------
    >>> no_segments(2)["r_score"].to_pylist()
    [None, None]
    """
    kinds = {
        name: pa.int8() if name.endswith("_score") else pa.string() for name in SEGMENT_COLUMNS
    }
    return pa.table({name: pa.nulls(rows, kind) for name, kind in kinds.items()})


def _by_name(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}
