"""What ``ebbtide tune`` does: periods from the tables, trials into MLflow, recipes into a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mlflow

from ebbtide.clock import day_in_words
from features.catalogue.catalogue import features_present
from training.known_then import as_known_then
from training.origins import origins
from training.recipes import usual_recipes
from training.registry import connect_registry, registry_errors
from training.snapshots import take_snapshots
from training.tuning.recipes_file import write_recipes
from training.tuning.tune import tune

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from ebbtide.project import Project
    from features.tables import Tables
    from training.tuning.recipes_file import TunedRecipes
    from training.tuning.tune import Tried

JOURNAL = "tuning.journal"
MOST_ORIGINS = 4
"""The exam, and up to three periods before it to tune on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long to tune.

    Parameters
    ----------
    minutes : time for all kinds together, > 0.
    trials : of each kind at the most; None for as many as the time allows.
    """

    minutes: float
    trials: int | None = None


def tune_project(
    tables: Tables,
    project: Project,
    *,
    now: datetime,
    out: Path,
    budget: Budget,
    progress: Callable[[str], None] | None = None,
) -> TunedRecipes:
    """Tune the recipes of a project on what is known at ``now`` and write them to a file.

    Parameters
    ----------
    tables : the typed tables.
    project : which kinds, which snapshots, which seed.
    now : aware instant.
    out : the file to write.
    budget : how long.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If there is no period to tune on beside the exam.
    SettingsError
        If MLflow cannot be reached, or the file cannot be written.
    """
    features = features_present(tables.columns, kind=project.definition.kind)
    matured, _ = take_snapshots(tables, project, features, now=now, progress=progress)
    found = origins(matured, project.definition, at_most=MOST_ORIGINS)
    periods = as_known_then(found, tables, project.definition)
    connect_registry(project)
    day = day_in_words(now, time_zone=project.project.time_zone)
    gone = "The run that was being recorded is gone. Run: ebbtide tune"
    with registry_errors(gone), mlflow.start_run(run_name=f"tune {day}"):
        tuned = tune(
            usual_recipes(project, [feature.contract for feature in features]),
            periods,
            definition=project.definition.code,
            journal=project.folder / JOURNAL,
            seconds=budget.minutes * 60,
            seed=project.training.seed,
            max_trials=budget.trials,
            on_trial=_log_trial,
            progress=progress,
        )
        mlflow.log_params(
            {"learned_until": tuned.learned_until.isoformat(), "definition": tuned.definition}
        )
        mlflow.log_metrics(
            {f"{kind}_mean_auc": each.mean_auc for kind, each in tuned.found.items()}
        )
    write_recipes(tuned, out)
    return tuned


def _log_trial(tried: Tried) -> None:
    with mlflow.start_run(run_name=f"{tried.kind} trial {tried.number}", nested=True):
        mlflow.log_params({"kind": tried.kind, **tried.recipe.described()})
        by_date = {f"auc_{day[:10]}": value for day, value in tried.auc_by_origin.items()}
        mlflow.log_metrics({"mean_auc": tried.mean_auc, **by_date})
