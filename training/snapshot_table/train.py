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
from ebbtide.errors import ContractError, NotReady
from ebbtide.scorer.categories import CategoryScale, category_sizes
from ebbtide.scorer.ranks import RankScale, rank_columns
from features.arrays.clock import microseconds
from features.snapshot_table.maturity import instant_of, matured_labels
from features.snapshot_table.telling import column_auc
from training.calibration import fit_platt
from training.candidates import FITS, Candidate, model_of, try_candidate
from training.evaluation.measures import auc, measures
from training.origins import origins
from training.snapshot_table.folds import copies, stratified_folds
from training.snapshot_table.shape import chosen_shape
from training.snapshots import Snapshot
from training.train import Trained, best_first

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.project import CandidateName, Project
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.table import SnapshotTable
    from training.snapshot_table.folds import IndexArray

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
    """
    with threadpool_limits(1, user_api="blas"):  # sums of one order: equal bytes on any machine
        if table.instants is None:
            return _train_by_folds(table, project, progress=progress)
        return _train_by_time(table, project, now=now, progress=progress)


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
    seed = project.training.seed
    whole = labelled(table)
    assert whole.churned is not None
    fold = stratified_folds(whole.churned, copies(whole.rows), seed=seed)
    candidates, failed = _try_each(
        project,
        lambda kind: try_by_folds(kind, whole, fold, seed=seed, progress=progress),
    )
    return Trained(
        features=tuple(TableFeature(contract=feature) for feature in features),
        snapshots=(whole,),
        newest=whole,
        candidates=candidates,
        failed=failed,
        rule_auc=best_column(features, whole.rows, whole.churned),
        is_dated=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossFolds:
    """What models said of rows that they had not seen.

    Parameters
    ----------
    log_odds : of each row by the model fitted without its fold, shape (n,).
    p_churn : the same calibrated by a line that was fitted without its fold, shape (n,).
    """

    log_odds: FloatArray
    p_churn: FloatArray


def score_across_folds(
    kind: CandidateName,
    whole: Snapshot,
    fold: IndexArray,
    *,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> AcrossFolds:
    """Score every row by a model, and calibrate it by a line, that had not seen its fold.

    Parameters
    ----------
    kind : kind of model.
    whole : the table.
    fold : of each row, shape (n,).
    seed : of everything random.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If a fold has outcomes of one kind only, or the scores cannot be calibrated.
    """
    churned = whole.churned
    assert churned is not None, "a table without a label cannot be learned from"
    count = int(fold.max()) + 1
    held_out = [fold == index for index in range(count)]
    if any(len(np.unique(churned[held])) < 2 for held in held_out):
        raise NotReady(
            f"Expected leavers and stayers in each of {count} folds. Bring more rows of the rarer."
        )
    said = np.empty(len(churned))
    for index, held in enumerate(held_out):
        if progress is not None:
            progress(f"{kind}, fold {index + 1} of {count}")
        fitted = model_of(kind, _fit(kind, whole, ~held, seed=seed)[1])
        said[held] = fitted.log_odds(whole.ranked[held])
    p_churn = np.empty(len(churned))
    for held in held_out:
        line = fit_platt(said[~held], churned[~held])
        p_churn[held] = line.probability(said[held])
    return AcrossFolds(log_odds=said, p_churn=p_churn)


def try_by_folds(
    kind: CandidateName,
    whole: Snapshot,
    fold: IndexArray,
    *,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Candidate:
    """Fit one kind of model without each fold in turn, calibrate across folds, and measure.

    The model that would be served is fitted on all rows; its calibrator is learned from what the
    models of the folds said of rows that they had not seen.

    Parameters
    ----------
    kind : kind of model.
    whole : the table.
    fold : of each row, shape (n,).
    seed : of everything random.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If a fold has outcomes of one kind only, or the scores cannot be calibrated.
    """
    said = score_across_folds(kind, whole, fold, seed=seed, progress=progress)
    churned = whole.churned
    assert churned is not None
    if progress is not None:
        progress(f"{kind} on all rows")
    return Candidate(
        kind=kind,
        model_files=dict([_fit(kind, whole, np.ones(len(churned), dtype=bool), seed=seed)]),
        calibrator=fit_platt(said.log_odds, churned),
        metrics=measures(churned, said.p_churn),
        calibration_checked_on="other customers of the same period",
        auc_by_origin={
            f"fold {index + 1}": auc(churned[fold == index], said.log_odds[fold == index])
            for index in range(int(fold.max()) + 1)
        },
    )


def _fit(
    kind: CandidateName,
    whole: Snapshot,
    chosen: np.ndarray[tuple[int], np.dtype[np.bool_]],
    *,
    seed: int,
) -> tuple[str, str]:
    assert whole.churned is not None
    ranked, churned = whole.ranked[chosen], whole.churned[chosen]
    sizes = category_sizes(whole.scales)
    if kind != "lightgbm":
        return FITS[kind](ranked, churned, seed=seed, categories=sizes)
    shape = chosen_shape(ranked, churned, seed=seed, categories=sizes)
    return FITS[kind](ranked, churned, seed=seed, categories=sizes, parameters=shape)


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
    tested_at = origins(matured, definition)
    newest = _everybody_at(table, instants[-1])
    candidates, failed = _try_each(
        project,
        lambda kind: try_candidate(
            kind, matured, newest, tested_at, seed=project.training.seed, progress=progress
        ),
    )
    scored = tested_at[0].scored
    assert scored.churned is not None
    return Trained(
        features=tuple(TableFeature(contract=feature) for feature in features),
        snapshots=tuple(matured),
        newest=newest,
        candidates=candidates,
        failed=failed,
        rule_auc=best_column(features, scored.rows, scored.churned),
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


def _try_each(
    project: Project, attempt: Callable[[CandidateName], Candidate]
) -> tuple[tuple[Candidate, ...], dict[str, str]]:
    candidates: list[Candidate] = []
    failed: dict[str, str] = {}
    for kind in project.training.candidates:
        try:
            candidates.append(attempt(kind))
        except NotReady as err:
            failed[kind] = str(err)
    return best_first(candidates, failed), failed


def best_column(
    features: Sequence[FeatureContract], rows: FloatArray, churned: FloatArray
) -> dict[str, float]:
    """Return the column that alone ranks leavers best, with its AUC: the simple rule to beat."""
    by_name = {
        feature.name: column_auc(column, churned, is_category=feature.is_categorical)
        for feature, column in zip(features, rows.T, strict=True)
    }
    name = max(by_name, key=lambda each: by_name[each])
    return {re.sub(r"[^\w ./-]", "_", name, flags=re.ASCII): by_name[name]}
