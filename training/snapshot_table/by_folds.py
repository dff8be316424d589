"""Candidates of a table without dates: a row is scored by a model that had not seen its fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.model_files import MemberText, blend_files, read_single
from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import logit
from ebbtide.scorer.categories import category_sizes
from training.blend import PULL_BETWEEN_FOLDS, fit_blend
from training.calibration import choose_calibrator, interval_of
from training.candidates import Candidate
from training.evaluation.judged import Judged
from training.evaluation.measures import auc, measures
from training.recipes import FITS, Recipe
from training.relived import outcomes
from training.snapshot_table.shape import chosen_shape
from training.snapshots import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.project import CandidateName
    from ebbtide.scorer.scores import FloatArray
    from training.snapshot_table.folds import IndexArray
    from training.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossFolds:
    """What models said of rows that they had not seen.

    Parameters
    ----------
    raw : raw scores of each row by the model fitted without its fold, shape (n,).
    log_odds : the same as log-odds, shape (n,).
    p_churn : calibrated by a line that was fitted without the row's fold, shape (n,).
    """

    raw: FloatArray
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
    churned = outcomes(whole)
    held_out = _held_out(churned, fold)
    raw = np.empty(len(churned))
    for index, held in enumerate(held_out):
        if progress is not None:
            progress(f"{kind}, fold {index + 1} of {len(held_out)}")
        text, _ = _fit(kind, whole, ~held, seed=seed)
        fitted = read_single(kind, text[1])
        raw[held] = fitted.raw(whole.ranked[held])
    log_odds = logit(raw) if kind == "random_forest" else raw
    return AcrossFolds(raw=raw, log_odds=log_odds, p_churn=_calibrated(log_odds, churned, held_out))


def blend_across_folds(
    said: Mapping[CandidateName, AcrossFolds], churned: FloatArray, fold: IndexArray
) -> AcrossFolds:
    """Blend what several kinds said, with weights learned on the other folds.

    Parameters
    ----------
    said : by kind, at least two.
    churned : 1 for churn, 0 for stayed, shape (n,).
    fold : of each row, shape (n,).
    """
    held_out = _held_out(churned, fold)
    log_odds = np.empty(len(churned))
    for held in held_out:
        raw = {kind: [each.raw[~held]] for kind, each in said.items()}
        weights = fit_blend(raw, [churned[~held]], pull=PULL_BETWEEN_FOLDS)
        log_odds[held] = weights.log_odds({kind: each.raw[held] for kind, each in said.items()})
    return AcrossFolds(
        raw=log_odds, log_odds=log_odds, p_churn=_calibrated(log_odds, churned, held_out)
    )


def try_by_folds(
    kinds: Sequence[CandidateName],
    whole: Snapshot,
    fold: IndexArray,
    *,
    rules: Mapping[str, FloatArray],
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Candidate], dict[str, str]]:
    """Try kinds of model, and their blend where there are two or more.

    The model that would be served is fitted on all rows; its calibrator is learned from what the
    models of the folds said of rows that they had not seen.

    Parameters
    ----------
    kinds : kinds of model.
    whole : the table.
    fold : of each row, shape (n,).
    rules : scores of the rival rules.
    seed : of everything random.
    progress : called with what is being done.

    Returns
    -------
    tuple
        The candidates; why the other kinds failed, by kind.
    """
    churned = outcomes(whole)
    said: dict[CandidateName, AcrossFolds] = {}
    texts: dict[CandidateName, tuple[str, str]] = {}
    candidates: list[Candidate] = []
    failed: dict[str, str] = {}
    for kind in kinds:
        try:
            across = score_across_folds(kind, whole, fold, seed=seed, progress=progress)
            if progress is not None:
                progress(f"{kind} on all rows")
            text, shape = _fit(kind, whole, np.ones(len(churned), dtype=bool), seed=seed)
            candidates.append(
                _candidate(
                    kind,
                    dict([text]),
                    across,
                    whole,
                    fold,
                    rules,
                    recipe=Recipe(kind=kind, parameters=shape),
                )
            )
            said[kind], texts[kind] = across, text
        except NotReady as err:
            failed[kind] = str(err)
    if len(said) > 1:
        raw = {kind: [each.raw] for kind, each in said.items()}
        weights = fit_blend(raw, [churned], pull=PULL_BETWEEN_FOLDS)
        members = [
            MemberText(kind=kind, weight=weights.weights[kind], text=texts[kind][1])
            for kind in said
        ]
        files = blend_files(members, intercept=weights.intercept)
        across = blend_across_folds(said, churned, fold)
        candidates.append(
            _candidate("blend", files, across, whole, fold, rules, members=weights.weights)
        )
    return candidates, failed


def _candidate(
    kind: ModelKind,
    files: Mapping[str, str],
    across: AcrossFolds,
    whole: Snapshot,
    fold: IndexArray,
    rules: Mapping[str, FloatArray],
    *,
    recipe: Recipe | None = None,
    members: Mapping[CandidateName, float] | None = None,
) -> Candidate:
    churned = outcomes(whole)
    calibrator = choose_calibrator(across.log_odds, churned)
    return Candidate(
        kind=kind,
        model_files=files,
        calibrator=calibrator,
        interval=interval_of(calibrator, across.log_odds, churned, level_spread=0.0),
        judged=(
            Judged(
                as_of=None,
                customer_ids=whole.customer_ids,
                churned=churned,
                log_odds=across.log_odds,
                p_churn=across.p_churn,
                rules=rules,
                value=value_of(whole),
            ),
        ),
        metrics=measures(churned, across.p_churn),
        calibration_checked_on="other customers of the same period",
        auc_by_origin={
            f"fold {index + 1}": auc(churned[held], across.log_odds[held])
            for index, held in enumerate(_held_out(churned, fold))
        },
        recipe=recipe,
        members=members,
    )


def _held_out(churned: FloatArray, fold: IndexArray) -> list[NDArray[np.bool_]]:
    """Return which rows each fold holds.

    Raises
    ------
    NotReady
        If a fold has outcomes of one kind only.
    """
    held_out = [fold == index for index in range(int(fold.max()) + 1)]
    if any(len(np.unique(churned[held])) < 2 for held in held_out):
        raise NotReady(
            f"Expected leavers and stayers in each of {len(held_out)} folds. Bring more rows of "
            f"the rarer."
        )
    return held_out


def _calibrated(
    log_odds: FloatArray, churned: FloatArray, held_out: Sequence[NDArray[np.bool_]]
) -> FloatArray:
    p_churn = np.empty(len(churned))
    for held in held_out:
        learned = choose_calibrator(log_odds[~held], churned[~held])
        p_churn[held] = learned.probability(log_odds[held])
    return p_churn


def _fit(
    kind: CandidateName, whole: Snapshot, chosen: NDArray[np.bool_], *, seed: int
) -> tuple[tuple[str, str], dict[str, object]]:
    """Return name and text of the model file, and the shape that was chosen for it."""
    ranked, churned = whole.ranked[chosen], outcomes(whole)[chosen]
    sizes = category_sizes(whole.scales)
    shape = chosen_shape(kind, ranked, churned, seed=seed, categories=sizes)
    return FITS[kind](ranked, churned, seed=seed, categories=sizes, parameters=shape), shape
