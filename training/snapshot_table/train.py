"""From a snapshot table to the best candidate: by time where rows have dates, else by folds.

Numbers are ranked within their snapshot, as those of events are: with dates a snapshot is the rows
of one instant, without dates the whole table is one. A fixed table makes that a fixed, monotone
map, which trees do not notice and which spares the logistic regression units and outliers.
Categories have no order and are not ranked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ebbtide.clock import day_in_words
from ebbtide.errors import ContractError, NotReady, SettingsError
from ebbtide.scorer.categories import CategoryScale
from ebbtide.scorer.ranks import RankScale, rank_columns
from features.arrays.clock import microseconds
from features.snapshot_table.maturity import instant_of, matured_labels
from features.snapshot_table.telling import column_score
from training.evaluation.measures import auc
from training.merit import best_first
from training.origins import origins
from training.recipes import Recipe
from training.relived import outcomes
from training.snapshot_table.by_folds import try_by_folds
from training.snapshot_table.folds import copies, stratified_folds
from training.snapshot_table.shape import SHAPES
from training.snapshots import Snapshot
from training.train import Trained, try_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.project import Project
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.table import SnapshotTable

NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the instant of a table without dates; it is shown nowhere."""

FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFeature:
    """A column of a snapshot table as a feature."""

    contract: FeatureContract

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.contract.name


def train_table(
    table: SnapshotTable,
    project: Project,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Train every candidate of a project on its snapshot table.

    Parameters
    ----------
    table : checked, without errors.
    project : which candidates, which seed, how far the label looks ahead.
    now : aware instant; with dates, outcomes that had not matured by then are not used.
    progress : called with what is being done.

    Raises
    ------
    ContractError
        If rows with dates do not stand together at instants.
    NotReady
        If there are too few rows, or no candidate can be calibrated.
    SettingsError
        If the project asks for what goes with tables of events only.
    """
    _require_no_events(project)
    with threadpool_limits(1, user_api="blas"):  # sums of one order: equal bytes on any machine
        if table.instants is None:
            return _train_by_folds(table, project, progress=progress)
        return _train_by_time(table, project, now=now, progress=progress)


def _require_no_events(project: Project) -> None:
    """Refuse settings that would be passed over without a word."""
    asked = {
        "training.by_value": project.training.by_value,
        "training.monotone": project.training.monotone,
        "training.recipes": project.recipes_path is not None,
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise SettingsError(
                f"Expected {name} with tables of events only, found it beside a snapshot table, "
                f"where it would change nothing. Take {name} out."
            )


def snapshot_of(
    features: Sequence[FeatureContract],
    rows: FloatArray,
    *,
    customer_ids: np.ndarray[tuple[int], np.dtype[np.str_]],
    as_of: datetime,
    churned: FloatArray | None,
) -> Snapshot:
    """Return rows of one instant as a snapshot, numbers ranked among themselves."""
    scales: tuple[Scale, ...] = tuple(
        CategoryScale(count=len(feature.learned.categories))
        if feature.learned is not None and feature.learned.is_categorical
        else RankScale.of(column)
        for feature, column in zip(features, rows.T, strict=True)
    )
    return Snapshot(
        as_of=as_of,
        customer_ids=customer_ids,
        rows=rows,
        ranked=rank_columns(scales, rows),
        scales=scales,
        churned=churned,
    )


def labelled(table: SnapshotTable) -> Snapshot:
    """Return the rows of a table without dates that have a label, as one snapshot."""
    known = ~np.isnan(table.churned)
    return snapshot_of(
        table.contract.features,
        table.rows[known],
        customer_ids=table.customer_ids[known],
        as_of=NO_DATE,
        churned=table.churned[known],
    )


def _train_by_folds(
    table: SnapshotTable, project: Project, *, progress: Callable[[str], None] | None
) -> Trained:
    known = ~np.isnan(table.churned)
    if int(known.sum()) < FEWEST_ROWS:
        raise NotReady(
            f"Expected at least {FEWEST_ROWS} rows with a label, found {int(known.sum())}. "
            f"Bring more rows."
        )
    features = table.contract.features
    whole = labelled(table)
    assert whole.churned is not None
    fold = stratified_folds(whole.churned, copies(whole.rows), seed=project.training.seed)
    rule = best_column(features, whole.rows, whole.churned)
    candidates, failed = try_by_folds(
        project.training.candidates,
        whole,
        fold,
        rules=rule,
        seed=project.training.seed,
        progress=progress,
    )
    return Trained(
        features=tuple(TableFeature(contract=feature) for feature in features),
        snapshots=(whole,),
        newest=whole,
        candidates=best_first(candidates, failed),
        failed=failed,
        rule_auc={name: auc(whole.churned, score) for name, score in rule.items()},
        is_dated=False,
    )


def _train_by_time(
    table: SnapshotTable,
    project: Project,
    *,
    now: datetime,
    progress: Callable[[str], None] | None,
) -> Trained:
    assert table.instants is not None
    features = table.contract.features
    definition = project.definition
    today = day_in_words(now, time_zone=definition.time_zone)
    instants = _instants(table, now=now, today=today)
    churned = matured_labels(table.churned, table.instants, definition=definition, now=now)
    learned = np.unique(table.instants[~np.isnan(churned)]).tolist()
    matured = [_matured_at(table, churned, each) for each in learned]
    if not matured:
        raise NotReady(
            f"Expected rows with a label whose outcome had matured by {today} "
            f"(churn.gap_days + churn.horizon_days after their as_of), found none. Wait, or bring "
            f"older rows."
        )
    tested_at = origins(
        matured, definition, advice="Bring older rows, or shorten churn.horizon_days."
    )
    newest = _everybody_at(table, instants[-1])
    rules = [best_column(features, each.scored.rows, outcomes(each.scored)) for each in tested_at]
    candidates, failed = try_each(
        [Recipe(kind=kind, parameters=SHAPES[kind][0]) for kind in project.training.candidates],
        matured,
        newest,
        tested_at,
        rules=rules,
        seed=project.training.seed,
        progress=progress,
    )
    churned_there = outcomes(tested_at[0].scored)
    return Trained(
        features=tuple(TableFeature(contract=feature) for feature in features),
        snapshots=tuple(matured),
        newest=newest,
        candidates=best_first(candidates, failed),
        failed=failed,
        rule_auc={name: auc(churned_there, score) for name, score in rules[0].items()},
    )


def _instants(table: SnapshotTable, *, now: datetime, today: str) -> list[int]:
    """Return the instants of the rows up to ``now``, the earliest first."""
    assert table.instants is not None
    instants = [each for each in np.unique(table.instants).tolist() if each <= microseconds(now)]
    counts = [int((table.instants == each).sum()) for each in instants]
    if not instants or float(np.median(counts)) < FEWEST_ROWS:
        raise ContractError(
            f"Expected the rows of snapshot_table.as_of to stand together at instants, at least "
            f"{FEWEST_ROWS} at each; found {len(instants)} instant(s) up to {today}, of "
            f"{np.median(counts) if counts else 0:g} rows at the median. Round the dates up, for "
            f"example to the end of the month, or leave as_of out."
        )
    return instants


def _everybody_at(table: SnapshotTable, instant: int) -> Snapshot:
    """Return all rows of an instant without their outcomes.

    Who has a label before the outcome is known is no sample of those who lived then.
    """
    chosen = table.instants == instant
    return snapshot_of(
        table.contract.features,
        table.rows[chosen],
        customer_ids=table.customer_ids[chosen],
        as_of=instant_of(instant),
        churned=None,
    )


def _matured_at(table: SnapshotTable, churned: FloatArray, instant: int) -> Snapshot:
    """Return the rows of an instant that have a label, ranked among all of that instant."""
    everybody = _everybody_at(table, instant)
    outcomes = churned[table.instants == instant]
    known = ~np.isnan(outcomes)
    return replace(
        everybody,
        customer_ids=everybody.customer_ids[known],
        rows=everybody.rows[known],
        ranked=everybody.ranked[known],
        churned=outcomes[known],
    )


def best_column(
    features: Sequence[FeatureContract], rows: FloatArray, churned: FloatArray
) -> dict[str, FloatArray]:
    """Return the column that alone ranks leavers best, and what it says: the rule to beat."""
    said = {
        feature.name: column_score(column, churned, is_category=feature.is_categorical)
        for feature, column in zip(features, rows.T, strict=True)
    }
    name = max(said, key=lambda each: auc(churned, said[each]))
    return {re.sub(r"[^\w ./-]", "_", name, flags=re.ASCII): said[name]}
