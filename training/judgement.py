"""The judgement of a candidate: what was measured at each period, and the grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from features.usability.shortfall import shortfall
from training.evaluation.evaluate import evaluate
from training.grade import grade

if TYPE_CHECKING:
    from ebbtide.project import Project
    from training.candidates import Candidate
    from training.evaluation.evaluation import Evaluation
    from training.grade import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a candidate is worth.

    Parameters
    ----------
    evaluations : of each period, the latest first.
    grade : by the latest period, with an eye on the earlier ones.
    """

    evaluations: tuple[Evaluation, ...]
    grade: Grade

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the manifest."""
        latest, *earlier = self.evaluations
        return {
            "evaluation": latest.to_json(),
            "earlier": [each.to_json() for each in earlier],
            "grade": self.grade.to_json(),
        }


def judge_candidate(
    candidate: Candidate, project: Project, *, log_days: int | None = None
) -> Judgement:
    """Measure a candidate at every period that it was calibrated for, and grade it.

    Parameters
    ----------
    candidate : with what it promised, and what came.
    project : what is measured against, and the seed of the resamples.
    log_days : days of log that were trained on; None where there is no log.

    Raises
    ------
    NotReady
        If a period has outcomes of one kind only.
    """
    evaluations = tuple(
        evaluate(judged, settings=project.evaluation, seed=project.training.seed)
        for judged in candidate.judged
    )
    is_later = candidate.calibration_checked_on == "a later period"
    return Judgement(
        evaluations=evaluations,
        grade=grade(
            evaluations[0],
            is_later_period=is_later,
            earlier=evaluations[1:],
            lacking=None if log_days is None else shortfall(project, tests=2, log_days=log_days),
        ),
    )
