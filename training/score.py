"""Score every living customer at one instant with the champion: the batch beside the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.clock import day_in_words
from ebbtide.definition import NobodyAlive
from ebbtide.errors import BundleError, NotReady
from features.catalogue.catalogue import catalogue_version, features_named
from features.expectations import expectations_of
from features.snapshot import build_snapshot
from training.in_turn import in_turn
from training.score_columns import SCORES, Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Policy
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language
    from features.catalogue.feature import Feature
    from features.tables import Tables

CHUNK = 10_000

SCORE_COLUMNS = tuple(SCORES.names)
"""Columns of scores, before segments are added."""


def snapshot_for(bundle: Bundle, tables: Tables, *, as_of: datetime) -> pa.Table:
    """Return the features that a bundle reads, for every living customer.

    Parameters
    ----------
    bundle : the model.
    tables : the typed tables; they must have what the model was trained on.
    as_of : aware instant, exclusive.

    Raises
    ------
    BundleError
        If the catalogue has changed since the model was trained.
    NotReady
        If the model was trained after ``as_of``, a table that it reads is missing, or nobody is
        alive.
    """
    features = features_of_bundle(bundle, as_of=as_of)
    snapshot = build_snapshot(
        tables_as_trained(bundle, tables),
        as_of=as_of,
        features=features,
        lookback_days=bundle.lookback_days,
        definition=bundle.definition,
        expectations=expectations_of(bundle),
    )
    require_anybody(snapshot.num_rows, bundle, as_of=as_of)
    return snapshot


def features_of_bundle(bundle: Bundle, *, as_of: datetime) -> tuple[Feature, ...]:
    """Return the features that a bundle reads, if it may score at an instant.

    Raises
    ------
    BundleError
        If the catalogue has changed since the model was trained.
    NotReady
        If the model was trained after ``as_of``.
    """
    require_not_learned(bundle, as_of=as_of)
    features = features_named([contract.name for contract in bundle.scorer.features])
    if catalogue_version(features, kind=bundle.definition.kind) != bundle.catalogue_version:
        raise BundleError(
            "The champion was trained with another version of the catalogue of features. "
            "Train again with this installation: ebbtide train"
        )
    return features


def require_not_learned(bundle: Bundle, *, as_of: datetime) -> None:
    """Return if a model learned from nothing that came after an instant.

    Raises
    ------
    NotReady
        If it did.
    """
    trained_as_of = datetime.fromisoformat(bundle.manifest["lineage"]["trained_as_of"])
    if as_of < trained_as_of:
        asked, trained = (
            day_in_words(at, time_zone=bundle.definition.time_zone) for at in (as_of, trained_as_of)
        )
        raise NotReady(
            f"The champion learned from what came after {asked} (it was trained as of "
            f"{trained}), so that its scores there would be memory. Choose a later "
            f"--as-of, or relive the past with: ebbtide backtest"
        )


def tables_as_trained(bundle: Bundle, tables: Tables) -> Tables:
    """Return tables with the columns only that a model was trained on.

    Raises
    ------
    NotReady
        If one is missing.
    """
    missing = [
        f"{table}.{column}"
        for table, columns in sorted(bundle.columns.items())
        for column in sorted(columns - tables.columns.get(table, frozenset()))
    ]
    if missing:
        raise NotReady(
            f"The champion was trained with columns that are not there any more: "
            f"{', '.join(missing)}. Bring them back, or train again without them."
        )
    as_trained = {
        table: tables.columns[table] & (columns | {"known_at"})
        for table, columns in bundle.columns.items()
    }
    return replace(tables, columns=as_trained)


def require_anybody(rows: int, bundle: Bundle, *, as_of: datetime) -> None:
    """Return if a snapshot has rows.

    Raises
    ------
    NobodyAlive
        If nobody is alive.
    """
    if rows == 0:
        day = day_in_words(as_of, time_zone=bundle.definition.time_zone)
        raise NobodyAlive(day, bundle.definition)


def score_snapshot(
    snapshot: pa.Table,
    *,
    bundle: Bundle,
    policy: Policy,
    as_of: datetime,
    scored_at: datetime,
    language: Language,
    values: FloatArray | None = None,
    with_interval: bool = False,
    with_reasons: bool = True,
    progress: Callable[[str], None] | None = None,
) -> pa.Table:
    """Return an answer for each row of a snapshot, as flat columns.

    Parameters
    ----------
    snapshot : ``customer_id`` and the bundle's features.
    bundle : what scores.
    policy : what decides.
    as_of : instant of the snapshot.
    scored_at : the present.
    language : of the texts.
    values : margin at stake of each row, currency, NaN where unknown; None to estimate it from
        spend.
    with_interval : whether to say how sure each probability is.
    with_reasons : whether to give reasons; all else is the same without them.
    progress : called with how many are done.
    """
    names = [contract.name for contract in bundle.scorer.features]
    batch = Batch(
        model=bundle,
        policy=policy,
        as_of=as_of,
        scored_at=scored_at,
        language=language,
        with_interval=with_interval,
        with_reasons=with_reasons,
    )

    def scored(start: int) -> pa.Table:
        part = snapshot.slice(start, CHUNK)
        return batch.scored(
            np.column_stack([part[name].to_numpy().astype(np.float64) for name in names]),
            part["customer_id"].combine_chunks().cast(pa.string()),
            given=None if values is None else values[start : start + CHUNK],
        )

    parts, done = [], 0
    for part in in_turn(scored, range(0, snapshot.num_rows, CHUNK)):
        parts.append(part.cast(PLAIN_SCORES))
        done += part.num_rows
        if progress is not None:
            progress(f"{done:,} of {snapshot.num_rows:,} customers")
    return pa.concat_tables(parts) if parts else PLAIN_SCORES.empty_table()


PLAIN_SCORES = pa.schema(
    [
        (each.name, pa.string() if pa.types.is_dictionary(each.type) else each.type)
        for each in SCORES
    ]
)
"""Types of a table of scores, as its readers see it."""
