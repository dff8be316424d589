"""Candidates: kinds of model calibrated and measured where a live score would have stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ebbtide.bundle.model_files import read_model
from ebbtide.scorer.calibrator import logit
from training.calibration import (
    at_one_level,
    choose_calibrator,
    cross_fitted,
    handed_on,
    interval_of,
    offset_between,
)
from training.evaluation.judged import Judged
from training.evaluation.measures import auc, measures
from training.relived import outcomes, outcomes_to_learn
from training.snapshots import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.project import CandidateName
    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.calibrator_interval import ProbabilityInterval
    from ebbtide.scorer.scorer import Model
    from ebbtide.scorer.scores import FloatArray
    from training.calibration import Foreseen
    from training.origins import Origin
    from training.recipes import Recipe
    from training.relived import Relived

CheckedOn = Literal["a later period", "other customers of the same period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One kind of model: what it did out of time, and the files that would be served.

    Parameters
    ----------
    kind : kind of model.
    model_files : names and texts, fitted on every matured snapshot.
    calibrator : learned from out-of-time scores at the latest origin, and handed on to the served
        model at the level that is foreseen.
    interval : how sure its probabilities are.
    judged : what was promised and what came, period by period, the latest first.
    metrics : measures in the latest period.
    calibration_checked_on : whose outcomes the probabilities were checked on.
    auc_by_origin : day of each origin, in the time zone of the project, with the AUC there.
    recipe : how it was fitted; None for a blend.
    members : weights of a blend's members; None for other kinds.
    """

    kind: ModelKind
    model_files: Mapping[str, str]
    calibrator: Calibrator
    interval: ProbabilityInterval
    judged: tuple[Judged, ...]
    metrics: dict[str, float]
    calibration_checked_on: CheckedOn
    auc_by_origin: dict[str, float]
    recipe: Recipe | None = None
    members: Mapping[CandidateName, float] | None = None

    @property
    def model(self) -> Model:
        """The fitted model, as the service would read it."""
        return read_model(self.kind, self.model_files)

    @property
    def mean_auc(self) -> float:
        """Mean AUC over the origins, by which the best is chosen: one period is a small sample."""
        return sum(self.auc_by_origin.values()) / len(self.auc_by_origin)


def candidate_of(
    relived: Relived,
    tested_at: Sequence[Origin],
    *,
    rules: Sequence[Mapping[str, FloatArray]],
    seed: int,
    foreseen: Sequence[Foreseen | None] | None = None,
) -> Candidate:
    """Calibrate and measure what one kind of model said.

    Each period is judged by a calibrator that was learned a whole gap and horizon before; where
    there is no period before, by lines fitted on its other customers.

    Parameters
    ----------
    relived : what the models of the kind said.
    tested_at : the origins, latest first.
    rules : scores of the rival rules at each origin.
    seed : of the folds, where there is one origin only.
    foreseen : for each origin the level of the window after the next one, as foreseen there; None
        keeps the level that was learned.

    Raises
    ------
    NotReady
        If its scores cannot be calibrated.
    """
    said = [relived.log_odds(raw) for raw in relived.at]
    carried = [relived.log_odds(raw) for raw in relived.carried]
    levels = foreseen or [None] * len(said)
    came = [outcomes(origin.scored) for origin in tested_at]
    to_learn = [outcomes_to_learn(origin) for origin in tested_at]
    known = [at_one_level(said[place:], to_learn[place:]) for place in range(len(said))]
    learned = [choose_calibrator(*each) for each in known]

    def handed(place: int, after: FloatArray) -> Calibrator:
        """Return what was learned at an origin, for the customers who come next."""
        return handed_on(learned[place], before=carried[place], after=after, foreseen=levels[place])

    promised = [
        handed(place, said[place - 1]).probability(said[place - 1]) for place in range(1, len(said))
    ]
    checked_on: CheckedOn = "a later period"
    if not promised:
        checked_on = "other customers of the same period"
        promised = [cross_fitted(said[0], came[0], seed=seed)]
    served = relived.log_odds(relived.served)
    spread = _level_spread(came, promised) if levels[0] is None else levels[0].record.spread
    band = interval_of(learned[0], *known[0], level_spread=spread)
    return Candidate(
        kind=relived.kind,
        model_files=relived.files,
        calibrator=handed(0, served),
        interval=band.moved(offset_between(learned[0], before=carried[0], after=served)),
        judged=tuple(
            Judged(
                as_of=origin.scored.as_of,
                customer_ids=origin.scored.customer_ids,
                churned=churned,
                log_odds=scores,
                p_churn=p_churn,
                rules=said_by_rules,
                value=value_of(origin.scored),
                attributes=origin.scored.attributes,
            )
            for origin, scores, churned, p_churn, said_by_rules in zip(
                tested_at, said, came, promised, rules, strict=False
            )
        ),
        metrics=measures(came[0], promised[0]),
        calibration_checked_on=checked_on,
        auc_by_origin={
            origin.day: auc(churned, scores)
            for origin, churned, scores in zip(tested_at, came, said, strict=True)
        },
        recipe=relived.recipe,
        members=relived.members,
    )


def _level_spread(came: Sequence[FloatArray], promised: Sequence[FloatArray]) -> float:
    """Return how far the promised level was from the truth, period by period, in log-odds."""
    errors = [
        float(logit(p_churn.mean()) - logit(churned.mean()))
        for churned, p_churn in zip(came, promised, strict=False)
    ]
    return float(np.sqrt(np.mean(np.square(errors))))
