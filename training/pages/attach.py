"""Attach the pages of a new model version to its run in MLflow, and find them again.

The pages are made from bundles; only what needs the customers of the training is kept as data.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow

from ebbtide.errors import BundleError, NotReady, SettingsError
from ebbtide.policy.file import load_policy
from training.against import Against, against_champion
from training.pages.compare_page import ShownRefusal, compare_page
from training.pages.from_bundle import report_of
from training.pages.report_page import report_page
from training.registry import registry_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient

    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Bands
    from ebbtide.project import Project
    from training.gate import Refusal
    from training.registry import ChampionBefore
    from training.train import Trained

REPORT, COMPARE, AGAINST = "report.html", "compare.html", "against_champion.json"
"""Names of the artefacts of a run."""


def write_report(
    folder: Path, bundle: Bundle, project: Project, *, version: str, gate: str | None
) -> Path:
    """Write the report of a model into a folder and return its path.

    Parameters
    ----------
    folder : where to; it must be there.
    bundle : verified, of a model that was judged.
    project : its name and currency.
    version : number in the registry; empty where it is not registered.
    gate : what the gate said when it was registered; None where it was not asked.
    """
    shown = report_of(
        bundle,
        project=project.project.name,
        currency=project.project.currency,
        version=version,
        gate=gate,
    )
    path = folder / REPORT
    path.write_text(report_page(shown), encoding="utf-8")
    return path


def compared(
    champion: Bundle,
    challenger: Bundle,
    project: Project,
    *,
    numbers: tuple[str, str],
    against: Against | None,
    refusals: Sequence[Refusal],
) -> str:
    """Return the compare page of two bundles.

    Parameters
    ----------
    champion, challenger : verified, of models that were judged.
    project : its name and currency.
    numbers : of the two versions, in that order.
    against : both on the same customers; None where that is not known.
    refusals : of the gate, now.
    """
    shown = [
        report_of(
            bundle,
            project=project.project.name,
            currency=project.project.currency,
            version=number,
        )
        for bundle, number in zip((champion, challenger), numbers, strict=True)
    ]
    return compare_page(
        *shown,
        against=against,
        refusals=[ShownRefusal(code=each.code, words=each.words.en) for each in refusals],
    )


def attach_pages(
    project: Project,
    trained: Trained,
    bundle: Bundle,
    champion: ChampionBefore,
    *,
    version: str,
    gate: str,
    refusals: Sequence[Refusal],
) -> None:
    """Log the pages of a new version as artefacts of the active run.

    Parameters
    ----------
    project : its name, currency, policy and settings.
    trained : what the version is the best of.
    bundle : the version's, verified.
    champion : the bundle that serves, if there is one that can be read.
    version : number in the registry.
    gate : what the gate said.
    refusals : of the gate.
    """
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_report(folder, bundle, project, version=version, gate=gate)
        if champion.bundle is not None and "evaluation" in champion.bundle.manifest["metrics"]:
            against = against_champion(
                trained,
                champion.bundle,
                definition_code=project.definition.code,
                settings=project.evaluation,
                bands=_bands(project),
                seed=project.training.seed,
            )
            page = compared(
                champion.bundle,
                bundle,
                project,
                numbers=(champion.number, version),
                against=against,
                refusals=refusals,
            )
            (folder / COMPARE).write_text(page, encoding="utf-8")
            data = json.dumps(against.to_json(), indent=1, sort_keys=True) + "\n"
            (folder / AGAINST).write_text(data, encoding="utf-8")
        mlflow.log_artifacts(str(folder))


def read_against(client: MlflowClient, model_name: str, number: str) -> Against | None:
    """Return what was kept of a version beside the champion of its day; None if nothing was.

    Parameters
    ----------
    client : connected to the registry.
    model_name : the registered model.
    number : of the version.

    Raises
    ------
    BundleError
        If what was kept cannot be read.
    """
    with registry_errors(f"Version {number} is gone. List them: ebbtide models"):
        run_id = client.get_model_version(model_name, number).run_id
    with TemporaryDirectory() as scratch:
        try:
            with registry_errors("nothing was kept"):
                kept = {each.path for each in client.list_artifacts(run_id)}
                if AGAINST not in kept:
                    return None
                place = client.download_artifacts(run_id, AGAINST, scratch)
        except NotReady:
            return None
        try:
            return Against.from_json(json.loads(Path(place).read_text(encoding="utf-8")))
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise BundleError(
                f"Expected in {AGAINST} of version {number} what training wrote, but it cannot be "
                f"read ({type(err).__name__}). Train again."
            ) from err


def _bands(project: Project) -> Bands | None:
    """Return the risk bands; None where the policy cannot be read: that stops no training."""
    try:
        return load_policy(project.policy_path).bands
    except SettingsError:
        return None
