"""Record a training in MLflow: a run for each candidate, the best one registered as challenger."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.bundle.write import write_bundle
from ebbtide.clock import day_in_words
from training.explanation.drivers import drivers
from training.explanation.typical import typical_by_outcome
from training.gate import GATE_TAG, judge, verdict
from training.judgement import judge_candidate
from training.pages.attach import attach_pages
from training.provenance import provenance_of_tables
from training.registry import CHALLENGER, champion_before, connect_registry, registry_errors
from training.train import golden_of, reference_of
from training.tried import tried

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.project import Project
    from features.tables import Tables
    from training.candidates import Candidate
    from training.judgement import Judgement
    from training.provenance import Provenance
    from training.registry import ChampionBefore
    from training.train import Trained

_PYFUNC = Path(__file__).with_name("pyfunc_model.py")
_PACKAGES = [Path(__file__).resolve().parent.parent / "ebbtide"]
_REQUIREMENTS = ["numpy", "pandas", "lightgbm", "pydantic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The new challenger."""

    model_name: str
    version: str
    bundle_version: str
    gate: str
    """``passed``, or why it may not be promoted."""
    judgement: Judgement | None = None


def record(
    tables: Tables,
    project: Project,
    trained: Trained,
    *,
    key: bytes | None,
    progress: Callable[[str], None] | None = None,
) -> Registered:
    """Log every candidate, and register the best as a new version with the alias challenger.

    Parameters
    ----------
    tables : the typed tables, for the data hash.
    project : where MLflow is.
    trained : what to record.
    key : signs the bundles; None leaves them unsigned.
    progress : called with what is being done.
    """
    provenance = provenance_of_tables(tables, project, trained, progress=progress)
    return record_candidates(project, trained, provenance, key=key, progress=progress)


def record_candidates(
    project: Project,
    trained: Trained,
    provenance: Provenance,
    *,
    key: bytes | None,
    progress: Callable[[str], None] | None = None,
) -> Registered:
    """Log every candidate, whatever data it comes from, and register the best as challenger.

    Parameters
    ----------
    project : where MLflow is.
    trained : what to record.
    provenance : what the data behind it are.
    key : signs the bundles; None leaves them unsigned.
    progress : called with what is being done.
    """
    client = connect_registry(project)
    gone = "The run that was being recorded is gone. Run: ebbtide train"
    day = provenance.as_of
    if trained.is_dated:
        day = day_in_words(trained.newest.as_of, time_zone=project.project.time_zone)
    if progress is not None:
        progress("judge the best candidate")
    judgement = judge_candidate(trained.best, project, log_days=trained.log_days)
    champion = champion_before(client, project.model_name, key=key)
    with registry_errors(gone), mlflow.start_run(run_name=f"train {day}"):
        mlflow.log_params(_shared_params(project, trained, provenance))
        mlflow.log_metrics({f"rule_{name}_auc": v for name, v in trained.rule_auc.items()})
        mlflow.set_tags({f"failed_{kind}": why for kind, why in trained.failed.items()})
        for candidate in trained.candidates:
            if progress is not None:
                progress(f"log {candidate.kind}")
            registered = _log_candidate(
                project,
                trained,
                candidate,
                provenance,
                judgement=judgement if candidate is trained.best else None,
                champion=champion,
                key=key,
            )
            if registered is not None:
                best = registered
        client.set_registered_model_alias(best.model_name, CHALLENGER, best.version)
    return best


def _shared_params(
    project: Project, trained: Trained, provenance: Provenance
) -> dict[str, str | int]:
    lineage = provenance.lineage
    return {
        "trained_as_of": provenance.as_of,
        "definition": project.definition.code,
        "snapshots": len(trained.snapshots),
        "rows": lineage["rows"],
        "features": len(trained.features),
        "lookback_days": provenance.lookback_days,
        "seed": project.training.seed,
        "data_hash": lineage["data_hash"],
        "git_commit": str(lineage["git_commit"]),
    }


def _log_candidate(
    project: Project,
    trained: Trained,
    candidate: Candidate,
    provenance: Provenance,
    *,
    judgement: Judgement | None,
    champion: ChampionBefore,
    key: bytes | None,
) -> Registered | None:
    with (
        tempfile.TemporaryDirectory() as scratch,
        mlflow.start_run(run_name=candidate.kind, nested=True),
    ):
        folder = Path(scratch) / "bundle"
        bundle_version = write_bundle_of(
            folder, project, trained, candidate, provenance, judgement=judgement, key=key
        )
        mlflow.log_params({**_shared_params(project, trained, provenance), "kind": candidate.kind})
        mlflow.log_params(
            {
                **how_it_was_made(candidate),
                **{f"calibrator_{k}": v for k, v in _flat(candidate.calibrator.to_json()).items()},
                "calibration_checked_on": candidate.calibration_checked_on,
            }
        )
        mlflow.log_metrics(candidate.metrics)
        # By date alone, because an offset is not allowed in the name of a metric.
        by_date = {f"auc_{day[:10]}": v for day, v in candidate.auc_by_origin.items()}
        mlflow.log_metrics(by_date)
        mlflow.set_tag("bundle_version", bundle_version)
        if judgement is None:
            mlflow.log_artifacts(str(folder), "bundle")
            return None
        version = _register(project, trained, folder)
        written = read_bundle(folder, key=key)
        refusals = judge(
            written,
            champion.bundle,
            settings=project.gate,
            at=datetime.now(UTC),  # of the record, as MLflow dates it; promotion judges again
            is_champion_unreadable=champion.is_unreadable,
        )
        gate = verdict(refusals)
        attach_pages(
            project, trained, written, champion, version=version, gate=gate, refusals=refusals
        )
    tags = {
        "bundle_version": bundle_version,
        "kind": candidate.kind,
        "trained_as_of": provenance.as_of,
        GATE_TAG: gate,
        **{name: f"{value:.4f}" for name, value in candidate.metrics.items()},
        "grade": judgement.grade.letter or "none",
        "rule": trained.best_rule,
        "rule_auc": f"{trained.rule_auc[trained.best_rule]:.4f}",
    }
    client = mlflow.MlflowClient()
    for name, value in tags.items():
        client.set_model_version_tag(project.model_name, version, name, value)
    return Registered(
        model_name=project.model_name,
        version=version,
        bundle_version=bundle_version,
        gate=gate,
        judgement=judgement,
    )


def how_it_was_made(candidate: Candidate) -> dict[str, object]:
    """Return the recipe of a candidate, or the weights of a blend, as plain data."""
    if candidate.recipe is not None:
        return candidate.recipe.described()
    return {f"weight_{kind}": weight for kind, weight in (candidate.members or {}).items()}


def _flat(calibrator: dict[str, object]) -> dict[str, object]:
    """Return what of a calibrator is a single number or word; a staircase is in the bundle."""
    return {name: value for name, value in calibrator.items() if not isinstance(value, list)}


def _register(project: Project, trained: Trained, folder: Path) -> str:
    """Log the bundle as a pyfunc model and return the number of its new version."""
    columns = [
        ColSpec("string" if feature.contract.is_categorical else "double", feature.name)
        for feature in trained.features
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it asks for an example of the input
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_PYFUNC),
            artifacts={"bundle": str(folder)},
            code_paths=[str(package) for package in _PACKAGES],
            pip_requirements=_REQUIREMENTS,
            signature=ModelSignature(
                inputs=Schema(columns), outputs=Schema([ColSpec("double", "p_churn")])
            ),
        )
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(project.model_name)
    except MlflowException as err:
        if err.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        project.model_name, info.model_uri, run_id=info.run_id, model_id=info.model_id
    )
    return str(version.version)


def write_bundle_of(
    folder: Path,
    project: Project,
    trained: Trained,
    candidate: Candidate,
    provenance: Provenance,
    *,
    key: bytes | None,
    judgement: Judgement | None = None,
) -> str:
    """Write the bundle of a candidate, check that it reads back, and return its version.

    Parameters
    ----------
    folder : where to; made if absent.
    project : what churn is.
    trained : the training.
    candidate : one of its candidates.
    provenance : what the data behind it are.
    key : signs the bundle; None leaves it unsigned.
    judgement : what it is worth; None where it was not judged, since it will not serve.
    """
    features = [feature.contract for feature in trained.features]
    typical = typical_by_outcome(trained.snapshots, features=features)
    scorer = replace(
        trained.scorer(candidate), by_outcome=typical, horizons=provenance.horizons.model
    )
    version = write_bundle(
        folder,
        kind=candidate.kind,
        model_files=candidate.model_files,
        scorer=scorer,
        definition=project.definition,
        lookback_days=provenance.lookback_days,
        catalogue_version=provenance.catalogue_version,
        columns=provenance.columns,
        reference=replace(reference_of(trained, scorer), as_of=provenance.as_of),
        golden=golden_of(trained, scorer),
        drivers=drivers(scorer, trained.newest.rows),
        card=provenance.card(candidate, judgement),
        metrics={
            **candidate.metrics,
            "calibration_checked_on": candidate.calibration_checked_on,
            "auc_by_origin": candidate.auc_by_origin,
            "rule_auc": trained.rule_auc,
            "made_by": how_it_was_made(candidate),
            "tried": tried(trained),
            "level": None if trained.level is None else trained.level.to_json(),
            **({} if judgement is None else judgement.to_json()),
        },
        lineage=provenance.lineage,
        expectations=provenance.expectations,
        key=key,
    )
    check_golden(read_bundle(folder, key=key))
    return version
