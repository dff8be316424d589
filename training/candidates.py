"""Try each kind of model out of time, and measure it where a live score would have stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ebbtide.bundle.model_files import read_model, read_single
from ebbtide.errors import NotReady
from ebbtide.scorer.categories import category_sizes
from training.calibration import aligned, cross_fitted, fit_platt
from training.evaluation.measures import auc, measures
from training.models import boosting, forest, logistic
from training.snapshots import stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ebbtide.project import CandidateName
    from ebbtide.scorer.calibrator import PlattCalibrator
    from ebbtide.scorer.scorer import Model
    from ebbtide.scorer.scores import FloatArray
    from training.origins import Origin
    from training.snapshots import Snapshot

FITS: dict[CandidateName, Callable[..., tuple[str, str]]] = {
    "logistic": logistic.fit_logistic,
    "random_forest": forest.fit_forest,
    "lightgbm": boosting.fit_boosting,
}

PARAMETERS: dict[CandidateName, dict[str, object]] = {
    "logistic": logistic.PARAMETERS,
    "random_forest": forest.PARAMETERS,
    "lightgbm": boosting.PARAMETERS,
}

CheckedOn = Literal["a later period", "other customers of the same period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One kind of model: what it did out of time, and the file that would be served.

    Parameters
    ----------
    kind : kind of model.
    model_files : names and texts, fitted on every matured snapshot.
    calibrator : learned from out-of-time scores at the latest origin, and aligned to the served
        model.
    metrics : measures at the latest origin, of probabilities made there in the same way.
    calibration_checked_on : whose outcomes the probabilities were checked on.
    auc_by_origin : day of each origin, in the time zone of the project, with the AUC there.
    """

    kind: CandidateName
    model_files: Mapping[str, str]
    calibrator: PlattCalibrator
    metrics: dict[str, float]
    calibration_checked_on: CheckedOn
    auc_by_origin: dict[str, float]

    @property
    def model(self) -> Model:
        """The fitted model, as the service would read it."""
        return read_model(self.kind, self.model_files)

    @property
    def mean_auc(self) -> float:
        """Mean AUC over the origins, by which the best is chosen: one period is a small sample."""
        return sum(self.auc_by_origin.values()) / len(self.auc_by_origin)


def model_of(kind: CandidateName, text: str) -> Model:
    """Read the text of a model file of a kind."""
    return read_single(kind, text)


def try_candidate(
    kind: CandidateName,
    snapshots: Sequence[Snapshot],
    newest: Snapshot,
    tested_at: Sequence[Origin],
    *,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Candidate:
    """Fit, calibrate and measure one kind of model.

    Parameters
    ----------
    kind : kind of model.
    snapshots : all matured ones, earliest first.
    newest : the snapshot whose outcome is open; only its features are used.
    tested_at : the origins, latest first.
    seed : of everything random.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If its scores cannot be calibrated, or a period has outcomes of one kind only.
    """
    fitted: list[Model] = []
    for origin in tested_at:
        if progress is not None:
            progress(f"{kind} as of {origin.day}")
        fitted.append(model_of(kind, _fit(kind, origin.learned_from, origin, seed=seed)[1]))
    said = [
        model.log_odds(origin.scored.ranked)
        for model, origin in zip(fitted, tested_at, strict=True)
    ]
    came = [_outcomes(origin.scored) for origin in tested_at]
    latest = tested_at[0].scored
    if len(tested_at) > 1:
        checked_on: CheckedOn = "a later period"
        earlier = fit_platt(said[1], came[1])
        before = fitted[1].log_odds(latest.ranked)
        p_churn = aligned(earlier, before=before, after=said[0]).probability(said[0])
    else:
        checked_on = "other customers of the same period"
        p_churn = cross_fitted(said[0], came[0], seed=seed)
    if progress is not None:
        progress(f"{kind} on all snapshots")
    model_file = _fit(kind, snapshots, tested_at[0], seed=seed)
    return Candidate(
        kind=kind,
        model_files=dict([model_file]),
        calibrator=aligned(
            fit_platt(said[0], came[0]),
            before=fitted[0].log_odds(newest.ranked),
            after=model_of(kind, model_file[1]).log_odds(newest.ranked),
        ),
        metrics=measures(came[0], p_churn),
        calibration_checked_on=checked_on,
        auc_by_origin={
            origin.day: auc(outcomes, log_odds)
            for origin, outcomes, log_odds in zip(tested_at, came, said, strict=True)
        },
    )


def _fit(
    kind: CandidateName, snapshots: Sequence[Snapshot], origin: Origin, *, seed: int
) -> tuple[str, str]:
    ranked, outcomes = stack(snapshots)
    for seen in (outcomes, _outcomes(origin.scored)):
        if len(np.unique(seen)) < 2:
            raise NotReady(
                f"Expected leavers and stayers in every period, but of the customers up to "
                f"{origin.day} all did the same. Check the churn definition."
            )
    sizes = category_sizes(origin.scored.scales)
    return FITS[kind](ranked, outcomes, seed=seed, categories=sizes)


def _outcomes(matured: Snapshot) -> FloatArray:
    assert matured.churned is not None, "an open snapshot was asked for its outcomes"
    return matured.churned
