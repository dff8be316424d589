"""The card of a model of a snapshot table: what it is, and what such a table cannot prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.snapshot_table.checks import NO_DATES
from training.card import MEASURE_NAMES, USE
from training.card_judged import judged_section

if TYPE_CHECKING:
    from ebbtide.project import Project
    from features.snapshot_table.table import SnapshotTable
    from training.candidates import Candidate
    from training.judgement import Judgement
    from training.train import Trained


def table_card(
    project: Project,
    table: SnapshotTable,
    trained: Trained,
    candidate: Candidate,
    *,
    judgement: Judgement | None = None,
) -> str:
    """Return the card of a candidate as Markdown.

    Parameters
    ----------
    project : what churn is.
    table : what the models learned from.
    trained : the training.
    candidate : one of its candidates.
    judgement : what it is worth; None where it was not judged, since it will not serve.
    """
    measured = "\n".join(
        f"| {name} | {candidate.metrics[key]:.4f} |" for key, name in MEASURE_NAMES.items()
    )
    rules = "\n".join(
        f"| best single column: {name} (AUC) | {value:.4f} |"
        for name, value in trained.rule_auc.items()
    )
    parts = ", ".join(f"{name}: {value:.4f}" for name, value in candidate.auc_by_origin.items())
    kinds = [column.kind for column in table.contract.used]
    counted = ", ".join(
        f"{kinds.count(kind)} {word}"
        for kind, word in (("number", "numbers"), ("category", "categories"), ("flag", "flags"))
        if kind in kinds
    )
    rows = sum(len(taken.customer_ids) for taken in trained.snapshots)
    return f"""# Churn model of {project.project.name} ({candidate.kind.replace("_", " ")})

**Churn is** {project.definition.sentence} (`{project.definition.code}`).

**Learned from** a snapshot table of {rows:,} rows with {len(kinds)} columns ({counted}), which the
company computed itself. Numbers are read as ranks among the rows of one snapshot, categories as
they are.

{_dates(trained, candidate)}
{_suspects(table)}
**Measured** {_how(trained)}; probabilities checked on {candidate.calibration_checked_on}.

| measure | value |
|---|---|
{measured}
{rules}

{judged_section(judgement)}
AUC by part: {parts}. Chosen by the mean of these as the best of {len(trained.candidates)} kind(s)
of model; the figures are not corrected for that choice.

**Served model**: the same recipe fitted again on all rows with a label.

{USE}"""


def _how(trained: Trained) -> str:
    if trained.is_dated:
        return "on the rows of the latest date, by a model that knew no outcome after that date"
    return (
        "across five folds of rows drawn at random, rows that repeat each other in one fold, each "
        "by a model that had not seen them; they are other customers, not later ones"
    )


def _dates(trained: Trained, candidate: Candidate) -> str:
    if not trained.is_dated:
        return (
            f"**No dates.** {NO_DATES} Test it on customers of a later time before relying on it."
        )
    return (
        "**Dates.** Rows carry the instant that they describe, and models are tested on later ones "
        f"({max(candidate.auc_by_origin)}). That a column's value was known at that instant is for "
        "the owner of the data to say; nothing in the table proves it."
    )


def _suspects(table: SnapshotTable) -> str:
    """Name the columns that warnings are about; empty if there are none."""
    lines = [
        f"- {finding.column}: {finding.message}"
        for finding in table.findings
        if finding.severity == "warning" and finding.column is not None
    ]
    return "\n**Warnings of the check**:\n\n" + "\n".join(lines) + "\n" if lines else ""
