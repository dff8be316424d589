"""Score a Parquet file of features that was made elsewhere, such as by Spark: part by part.

Who is in it counts as living at the instant of the features. How the file is read and checked is in
``training.features_file``.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ebbtide.console import bundle_key, progress_shown, whole_or_not
from ebbtide.contracts.findings import Finding, raise_if_errors
from ebbtide.contracts.taken import MAX_NUMBER
from ebbtide.errors import SettingsError
from ebbtide.policy.file import load_policy
from training.features_file import (
    CUSTOMER_ID,
    WHERE,
    batches,
    check_columns,
    check_ids,
    ids_of,
    instant_of,
    opened,
)
from training.in_turn import in_turn
from training.registry import connect_registry, fetch_champion
from training.score import require_not_learned
from training.score_columns import SCORES, Batch
from training.score_segments import no_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

CHUNK = 16_384
"""Customers that are scored at once; a group of rows of the written file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some rows of the file."""

    customer_ids: pa.Array
    rows: FloatArray


def score_features_of(
    project: Project,
    features_file: Path,
    *,
    out: Path,
    as_of: str | None,
    language: Language,
    with_interval: bool,
    with_reasons: bool,
) -> tuple[int, str]:
    """Score the customers of a file with the champion; return how many, and its version.

    Parameters
    ----------
    project : names the champion and the policy.
    features_file, out : as in :func:`score_features`.
    as_of : instant of the features; without it the file's own.
    language : of the texts.
    with_interval : whether to say how sure each probability is.
    with_reasons : whether to give reasons.

    Raises
    ------
    SettingsError
        If the project has a snapshot table, a file cannot be read or written, or ``as_of`` is not
        that of the file.
    NotReady
        If the champion learned from what came after that instant.
    ContractError
        As in :func:`score_features`.
    """
    if project.snapshot_table is not None:
        raise SettingsError(
            "--features goes with a project of events; rows of a snapshot table are scored with "
            "--table FILE."
        )
    if out.suffix != ".parquet":
        raise SettingsError(
            f"Expected --out to end in .parquet with --features, got {str(out)!r}: the file is "
            f"written part by part."
        )
    if out.exists() and features_file.exists() and out.samefile(features_file):
        raise SettingsError(
            f"--out {str(out)!r} is the file that --features reads, and would be overwritten. "
            f"Choose another name."
        )
    policy = load_policy(project.policy_path)
    instant = instant_of(features_file, given=as_of, time_zone=project.project.time_zone)
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Scoring") as progress:
        progress("fetch the champion")
        bundle = fetch_champion(client, project.model_name, Path(scratch), key=bundle_key())
        require_not_learned(bundle, as_of=instant)
        batch = Batch(
            model=bundle,
            policy=policy,
            as_of=instant,
            scored_at=datetime.now(UTC),
            language=language,
            with_interval=with_interval,
            with_reasons=with_reasons,
        )
        rows = score_features(features_file, out, batch=batch, progress=progress)
    return rows, bundle.version


def score_features(
    features_file: Path,
    out: Path,
    *,
    batch: Batch,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Score the customers of a file, and return how many there are.

    Parameters
    ----------
    features_file : a Parquet file of ``customer_id`` and the model's features; others are not read.
        A null is a missing value.
    out : Parquet file to write; whole or not at all. Segments are null: they need purchases.
    batch : how they are scored.
    progress : called with how many are done.

    Raises
    ------
    SettingsError
        If a file cannot be read or written.
    ContractError
        If columns are missing, ids are missing or repeated, or values break the contracts of the
        features; all that is found is said at once, by column and count.
    """
    features = batch.model.scorer.features
    with opened(features_file) as file:
        check_columns(file.schema_arrow, features)
        check_ids(file, rows=CHUNK)
        found: Counter[tuple[str, str]] = Counter()
        written, total = 0, file.metadata.num_rows
        with whole_or_not(out) as partial:
            with pq.ParquetWriter(partial, _schema(), store_schema=False) as writer:
                for scored in in_turn(
                    lambda part: batch.scored(part.rows, part.customer_ids),
                    _parts(file, features, found=found),
                ):
                    writer.write_table(_with_segments(scored))
                    written += scored.num_rows
                    if progress is not None:
                        progress(f"{written:,} of {total:,} customers")
            raise_if_errors(_findings(found, features))
    return written


def _parts(
    file: pq.ParquetFile, features: Sequence[FeatureContract], *, found: Counter[tuple[str, str]]
) -> Iterator[_Part]:
    """Yield the parts of a file as long as they are right; count what is wrong in all of them."""
    names = [feature.name for feature in features]
    for batch in batches(file, [CUSTOMER_ID, *names], rows=CHUNK):
        columns = [_values(batch.column(f.name), f, found=found) for f in features]
        if not found:
            ids = ids_of(batch.column(CUSTOMER_ID))
            yield _Part(customer_ids=ids, rows=np.stack(columns, axis=1))


def _values(
    column: pa.Array, feature: FeatureContract, *, found: Counter[tuple[str, str]]
) -> FloatArray:
    """Return the values of a feature, and count what breaks its contract."""
    # Whole numbers that a float cannot hold are beyond the largest that is taken, and counted so.
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    checks = {
        "are missing, though the feature never is": None
        if feature.is_nullable
        else np.isnan(values),
        "are not finite": np.isinf(values),
        f"are beyond {MAX_NUMBER:.0e} in size": np.isfinite(values) & (np.abs(values) > MAX_NUMBER),
        f"are below {feature.low}": None if feature.low is None else values < feature.low,
        f"are above {feature.high}": None if feature.high is None else values > feature.high,
    }
    for what, is_wrong in checks.items():
        if is_wrong is not None and is_wrong.any():
            found[feature.name, what] += int(is_wrong.sum())
    return np.asarray(values, dtype=np.float64)


def _findings(
    found: Counter[tuple[str, str]], features: Sequence[FeatureContract]
) -> list[Finding]:
    meanings = {feature.name: feature.meaning for feature in features}
    return [
        Finding(
            severity="error",
            table=WHERE,
            column=name,
            count=count,
            message=f"{count:,} values {what}.",
            advice=f"Its meaning: {meanings[name]}",
        )
        for (name, what), count in found.items()
    ]


def _with_segments(scored: pa.Table) -> pa.Table:
    segments = no_segments(scored.num_rows)
    for name in segments.column_names:
        scored = scored.append_column(segments.schema.field(name), segments[name])
    return scored


def _schema() -> pa.Schema:
    return pa.schema([*SCORES, *no_segments(0).schema])
