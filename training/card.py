"""The model card: what a model is, what it was measured to do, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from training.card_judged import judged_section
from training.horizons.card import horizon_lines

if TYPE_CHECKING:
    from ebbtide.project import Project
    from training.candidates import Candidate
    from training.horizons.fit import HorizonFit
    from training.judgement import Judgement
    from training.train import Trained

MEASURE_NAMES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "top_decile_lift": "Lift of the top tenth",
    "calibration_error": "Calibration error",
    "p_churn_mean": "Mean probability promised",
    "churned_share": "Share that churned",
}


USE = """**For** ranking customers by risk and choosing a retention action that a person or a policy
approves. **Not for** refusing service, pricing individuals, or any decision that weighs heavily on
a person without review. A reason states a fact that raised the score; it is not a proven cause.
Neither does a high risk say that a contact would help: that is measured with a hold-out.
"""
"""What every model is for, and what not."""


def model_card(
    project: Project,
    trained: Trained,
    candidate: Candidate,
    *,
    judgement: Judgement | None = None,
    horizons: HorizonFit | None = None,
) -> str:
    """Return the card of a candidate as Markdown.

    Parameters
    ----------
    project : what churn is.
    trained : the training.
    candidate : one of its candidates.
    judgement : what it is worth; None where it was not judged, since it will not serve.
    horizons : what was learned of when customers leave.
    """
    first, last = (
        day_in_words(trained.snapshots[place].as_of, time_zone=project.project.time_zone)
        for place in (0, -1)
    )
    origin = max(candidate.auc_by_origin)
    measured = "\n".join(
        f"| {name} | {candidate.metrics[key]:.4f} |" for key, name in MEASURE_NAMES.items()
    )
    rules = "\n".join(
        f"| rule: {name.replace('_', ' ')} (AUC) | {value:.4f} |"
        for name, value in sorted(trained.rule_auc.items())
    )
    by_origin = ", ".join(
        f"{date}: {value:.4f}" for date, value in sorted(candidate.auc_by_origin.items())
    )
    families = sorted({feature.contract.family for feature in trained.features})
    return f"""# Churn model of {project.project.name} ({candidate.kind.replace("_", " ")})

**Churn is** {project.definition.sentence} (`{project.definition.code}`).

**Learned from** {len(trained.snapshots)} snapshots of {first} to {last}; features
({len(trained.features)}) of the families {", ".join(families)}, each computed from what was known
strictly before its snapshot, as ranks among the customers of the same snapshot.

**Measured** on the customers who lived at {origin}, by a model that knew no outcome after that
date; probabilities checked on {candidate.calibration_checked_on}.

| measure | value |
|---|---|
{measured}
{rules}

{judged_section(judgement)}
AUC by period: {by_origin}. Chosen by the mean of these as the best of
{len(trained.candidates)} kind(s) of model; the figures are not corrected for that choice.

**Served model**: the same recipe fitted again on every matured snapshot. {_level(trained, origin)}
Probabilities move later than the truth where season or customers move otherwise than foreseen;
compare the mean promised and the share that churned above.
{_risk_by_day(project, horizons)}
{USE}"""


def _level(trained: Trained, origin: str) -> str:
    if trained.level is None:
        return f"Its level of risk is that of {origin}."
    return f"The level of the coming window: {trained.level.shift.evidence}"


def _risk_by_day(project: Project, horizons: HorizonFit | None) -> str:
    if horizons is None:
        return ""
    lines = horizon_lines(horizons, time_zone=project.project.time_zone)
    return "\n".join(["", *lines, ""]) if lines else ""
