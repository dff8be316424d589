"""Score every living customer on Spark: features there, then the very code of the local scores.

The bundle travels to the executors as bytes; each process unpacks it once and checks its golden
rows before it scores. Executors need Ebbtide in their Python, of the driver's version.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ebbtide.bundle.read import check_golden, read_bundle
from features.catalogue.catalogue import features_present
from features.expectations import expectations_of
from features.segments.facts import OPTIONAL, REQUIRED
from features.segments.scale import SEGMENT_COLUMNS, SegmentScale
from features.spark.snapshot import spark_snapshot
from training.score import (
    SCORE_COLUMNS,
    features_of_bundle,
    require_anybody,
    score_snapshot,
    tables_as_trained,
)
from training.score_segments import no_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from pyspark.sql import DataFrame

    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Policy
    from ebbtide.segment_settings import Segments
    from ebbtide.words import Language
    from features.tables import Tables

_TEXT, _NUMBER, _INSTANT = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC")
_TYPES = {
    **dict.fromkeys(("churn_probability", "percentile", "expected_value"), _NUMBER),
    **dict.fromkeys(("churn_probability_low", "churn_probability_high"), _NUMBER),
    **dict.fromkeys(("expected_cost", "effect", "value", "propensity"), _NUMBER),
    **dict.fromkeys(("as_of", "valid_until", "scored_at"), _INSTANT),
    **dict.fromkeys(("r_score", "f_score", "m_score"), pa.int8()),
    "churn_score": pa.int64(),
}
"""Types of the columns of scores that are no text."""

SCORES = pa.schema([(name, _TYPES.get(name, _TEXT)) for name in (*SCORE_COLUMNS, *SEGMENT_COLUMNS)])
"""What a row of scores holds; a batch by itself may have nothing but nulls in a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkScores:
    """Scores, and the features that they were computed from; neither is computed yet."""

    scores: DataFrame
    snapshot: DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shipped:
    """What an executor needs to score."""

    bundle: bytes
    scale: dict[str, Any] | None
    """None where the company has no purchases, and so no segments."""
    policy: Policy
    as_of: datetime
    scored_at: datetime
    language: Language
    with_interval: bool


def score_on_spark(
    tables: Tables,
    *,
    bundle: Bundle,
    folder: Path,
    policy: Policy,
    settings: Segments,
    as_of: datetime,
    scored_at: datetime,
    language: Language,
    with_interval: bool = False,
) -> SparkScores:
    """Return the scores of all customers who live at an instant, with their segments.

    Parameters
    ----------
    tables : typed tables on Spark.
    bundle : the model, verified.
    folder : where its files are.
    policy : what decides.
    settings : section ``[segments]`` of the project file.
    as_of : aware instant, exclusive.
    scored_at : the present.
    language : of the texts.
    with_interval : whether to say how sure each probability is.

    Raises
    ------
    BundleError
        If the catalogue has changed since the model was trained.
    NotReady
        If the model was trained after ``as_of``, a table that it reads is missing, or nobody is
        alive.

    Notes
    -----
    Segments compare a customer with all others, so that the features they read, a dozen at the
    most, come to the driver for all customers: about 100 bytes for each.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    features = features_of_bundle(bundle, as_of=as_of)
    snapshot = spark_snapshot(
        tables_as_trained(bundle, tables),
        as_of=as_of,
        features=features,
        lookback_days=bundle.lookback_days,
        definition=bundle.definition,
        expectations=expectations_of(bundle),
    )
    read = {*REQUIRED, *OPTIONAL}
    wanted = [feature for feature in features_present(tables.columns) if feature.name in read]
    others = [feature for feature in wanted if feature.name not in snapshot.columns]
    rows = snapshot
    if others:
        beside = spark_snapshot(
            tables,
            as_of=as_of,
            features=others,
            lookback_days=bundle.lookback_days,
            definition=bundle.definition,
        )
        rows = snapshot.join(beside.drop("as_of"), "customer_id")
    rows = rows.persist()
    frame = rows.select("customer_id", *(feature.name for feature in wanted)).toArrow()
    require_anybody(frame.num_rows, bundle, as_of=as_of)
    scale = None
    if "transactions" in tables.columns:
        scale = SegmentScale.of(frame, settings, definition=bundle.definition).to_json()
    shipped = _Shipped(
        bundle=_zipped(folder),
        scale=scale,
        policy=policy,
        as_of=as_of,
        scored_at=scored_at,
        language=language,
        with_interval=with_interval,
    )
    return SparkScores(
        scores=rows.mapInArrow(_answering(shipped), from_arrow_schema(SCORES)),
        snapshot=rows.select("customer_id", "as_of", *(feature.name for feature in features)),
    )


def _answering(
    shipped: _Shipped,
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what an executor does with the rows of a part of the customers."""

    def answers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        bundle = _unpacked(shipped.bundle)
        scale = None if shipped.scale is None else SegmentScale.from_json(shipped.scale)
        for batch in batches:
            if batch.num_rows == 0:
                continue
            rows = pa.Table.from_batches([batch])
            scored = score_snapshot(
                rows,
                bundle=bundle,
                policy=shipped.policy,
                as_of=shipped.as_of,
                scored_at=shipped.scored_at,
                language=shipped.language,
                with_interval=shipped.with_interval,
            )
            placed = no_segments(rows.num_rows) if scale is None else scale.segments(rows)
            for column in SEGMENT_COLUMNS:
                scored = scored.append_column(column, placed[column])
            yield from scored.cast(SCORES).to_batches()

    return answers


def _zipped(folder: Path) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return held.getvalue()


@lru_cache(maxsize=2)
def _unpacked(zipped: bytes) -> Bundle:
    """Read a bundle that the driver has verified, and see that it scores here as it did there."""
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            archive.extractall(scratch)
        bundle = read_bundle(Path(scratch), key=None)
        check_golden(bundle)
    return bundle
