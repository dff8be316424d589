"""The model card: what a model is, what it was measured to do, and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words

if TYPE_CHECKING:
    from ebbtide.project import Project
    from training.candidates import Candidate
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


def model_card(project: Project, trained: Trained, candidate: Candidate) -> str:
    """Return the card of a candidate as Markdown."""
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

AUC by period: {by_origin}. Chosen by the mean of these as the best of
{len(trained.candidates)} kind(s) of model; the figures are not corrected for that choice.

**Served model**: the same recipe fitted again on every matured snapshot. Its level of risk is that
of {origin}; if the season or the mix of customers moves, probabilities move later than the truth.
Compare the mean promised and the share that churned above.

**For** ranking customers by risk and choosing a retention action that a person or a policy
approves. **Not for** refusing service, pricing individuals, or any decision that weighs heavily on
a person without review. A reason states a fact that raised the score; it is not a proven cause.
"""
