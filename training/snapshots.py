"""The snapshots that training learns from: matured ones with outcomes, the newest without.

Every training snapshot is ranked against itself, see ``ebbtide.scorer.ranks``.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import day_in_words, shift_days, whole_days
from ebbtide.economics import VALUE_FEATURE, customer_value
from ebbtide.errors import NotReady
from ebbtide.policy.file import load_policy
from ebbtide.scorer.ranks import RankScale, rank_columns
from features.labels import label_snapshot
from features.snapshot import SnapshotBuilder
from features.usability.shortfall import shortfall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.project import Project
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray
    from features.btyd.parameters import BuyTillYouDie
    from features.catalogue.feature import Feature
    from features.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The customers who lived at one instant.

    Parameters
    ----------
    as_of : the instant, exclusive.
    customer_ids : who, shape (n,).
    rows : feature values, NaN where missing, shape (n, features).
    ranked : their ranks among all who lived then, shape (n, features).
    scales : scale of each feature in this snapshot: ranks of a number, places of a category.
    churned : 1 for churn, 0 for stayed, shape (n,); None while the outcome is unknown.
    expectations : the buying model that was fitted on the snapshot; None if there is none.
    value : margin at stake, currency, NaN where unknown, shape (n,); None where nobody asked.
    attributes : what the customers have in common, by name, each of shape (n,).
    """

    as_of: datetime
    customer_ids: NDArray[np.str_]
    rows: FloatArray
    ranked: FloatArray
    scales: tuple[Scale, ...]
    churned: FloatArray | None
    expectations: BuyTillYouDie | None = None
    value: FloatArray | None = None
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)


def snapshot_builder(
    tables: Tables, project: Project, features: Sequence[Feature]
) -> SnapshotBuilder:
    """Sort the rows of a project, so that many snapshots can be taken of them."""
    return SnapshotBuilder.of(
        tables,
        features=features,
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
    )


def take_snapshot(
    tables: Tables,
    project: Project,
    features: Sequence[Feature],
    *,
    as_of: datetime,
    now: datetime,
    share: float = 1.0,
    builder: SnapshotBuilder | None = None,
) -> Snapshot:
    """Build one snapshot, with outcomes if they have matured by ``now``.

    Parameters
    ----------
    tables : the typed tables.
    project : says what churn is and how far to look back.
    features : which features.
    as_of : the instant of the snapshot.
    now : what is known, is known before this.
    share : of the customers to keep, in (0, 1]; ranks are among all of them. The same customers
        are kept in every snapshot.
    builder : the sorted rows, where several snapshots are taken; made if absent.
    """
    definition = project.definition
    builder = builder or snapshot_builder(tables, project, features)
    fitted = builder.fitted(as_of)
    frame = fitted.table
    columns = [np.asarray(frame[feature.name].to_numpy(), dtype=np.float64) for feature in features]
    ids = np.asarray(frame["customer_id"].to_pylist(), dtype=np.str_)
    churned = None
    if definition.window(as_of).has_matured(now=now):
        labels = label_snapshot(tables, as_of=as_of, now=now, definition=definition)
        assert labels["customer_id"].to_pylist() == ids.tolist(), "features and labels disagree"
        churned = np.asarray(labels["churned"].to_numpy(), dtype=np.float64)
    scales = tuple(RankScale.of(column) for column in columns)
    kept = np.array([_place(customer_id) < share for customer_id in ids.tolist()], dtype=bool)
    rows = np.column_stack([column[kept] for column in columns])
    return Snapshot(
        as_of=as_of,
        customer_ids=ids[kept],
        rows=rows,
        ranked=rank_columns(scales, rows),
        scales=scales,
        churned=None if churned is None else churned[kept],
        expectations=fitted.expectations,
        value=_margin_at_stake(rows, [feature.name for feature in features], project),
    )


def _margin_at_stake(rows: FloatArray, names: Sequence[str], project: Project) -> FloatArray:
    """Return what each customer's spend is worth by the policy, NaN where there is no spend."""
    if VALUE_FEATURE not in names:
        return np.full(len(rows), np.nan)
    policy = load_policy(project.policy_path)
    return customer_value(
        rows[:, list(names).index(VALUE_FEATURE)],
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
    )


def _place(customer_id: str) -> float:
    """Return a number in [0, 1) that is always the same for a customer."""
    return zlib.crc32(customer_id.encode()) / 2**32


def matured_instants(project: Project, *, log_start: datetime, now: datetime) -> list[datetime]:
    """Return the instants of the training snapshots, the earliest first.

    The latest is the last that has matured by ``now``; the others lie ``every_days`` apart before
    it, as long as ``min_history_days`` of log lie before them.

    Raises
    ------
    NotReady
        If no snapshot has matured, or none has history enough.
    """
    settings, definition = project.snapshots, project.definition
    outcome_days = definition.outcome_days
    shifted = partial(shift_days, time_zone=definition.time_zone)
    earliest = shifted(log_start, settings.min_history_days)
    candidates = [
        shifted(now, -outcome_days - settings.every_days * index)
        for index in range(settings.max_count)
    ]
    instants = sorted(instant for instant in candidates if instant >= earliest)
    if not instants:
        days = whole_days(log_start, now, time_zone=definition.time_zone)
        needed = settings.min_history_days + outcome_days
        today = day_in_words(now, time_zone=definition.time_zone)
        raise NotReady(
            f"Expected at least {needed} days of log before {today} (history "
            f"{settings.min_history_days}, {definition.outcome_in_words} {outcome_days}), found "
            f"{days}. To test a model on a later period as well takes more. "
            f"{shortfall(project, tests=1, log_days=days).advice}"
        )
    return instants


def take_snapshots(
    tables: Tables,
    project: Project,
    features: Sequence[Feature],
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Snapshot], Snapshot]:
    """Take all matured snapshots, and the one at ``now`` whose outcome is still open.

    Returns
    -------
    tuple
        The matured snapshots, earliest first; the newest snapshot. Where they would hold more than
        ``training.max_rows`` rows, the matured ones hold a sample of customers.

    Raises
    ------
    NotReady
        If there is too little log, or nobody in the snapshots.
    """
    instants = matured_instants(project, log_start=tables.log_start(now=now), now=now)
    taken_at = partial(
        take_snapshot,
        tables,
        project,
        features,
        builder=snapshot_builder(tables, project, features),
    )
    newest = taken_at(as_of=now, now=now)
    share = min(1.0, project.training.max_rows / max(1, len(newest.rows) * len(instants)))
    matured = []
    for as_of in instants:
        if progress is not None:
            progress(f"snapshot {day_in_words(as_of, time_zone=tables.time_zone)}")
        matured.append(taken_at(as_of=as_of, now=now, share=share))
    if newest.rows.shape[0] == 0 or any(taken.rows.shape[0] == 0 for taken in matured):
        raise NotReady(
            "A snapshot has no living customer. Check "
            f"{project.definition.alive_setting} and gaps in the log."
        )
    return matured, newest


def stack(snapshots: Sequence[Snapshot]) -> tuple[FloatArray, FloatArray]:
    """Return ranks and outcomes of several matured snapshots as one training set."""
    ranked = np.vstack([taken.ranked for taken in snapshots])
    outcomes = [taken.churned for taken in snapshots]
    return ranked, np.concatenate([outcome for outcome in outcomes if outcome is not None])


def value_of(taken: Snapshot) -> FloatArray:
    """Return the margin at stake of a snapshot's customers, NaN where unknown, shape (n,)."""
    return np.full(len(taken.customer_ids), np.nan) if taken.value is None else taken.value
