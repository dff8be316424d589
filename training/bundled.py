"""The bundle of a training in a folder, to look at: for notebooks, without MLflow.

Registers nothing: what is to serve goes through ``training.tracking`` and the gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.bundle.read import read_bundle
from training.judgement import judge_candidate
from training.provenance import provenance_of_tables
from training.tracking import write_bundle_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle
    from ebbtide.project import Project
    from features.tables import Tables
    from training.train import Trained


def bundle_of(
    tables: Tables,
    project: Project,
    trained: Trained,
    *,
    folder: Path,
    key: bytes | None = None,
    progress: Callable[[str], None] | None = None,
) -> Bundle:
    """Write the best candidate's bundle as ``ebbtide train`` does, and read it as the service does.

    Parameters
    ----------
    tables : the typed tables that were trained on.
    project : what churn is.
    trained : the training.
    folder : where to; made if absent.
    key : signs the bundle; None leaves it unsigned.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If a period has outcomes of one kind only.
    """
    provenance = provenance_of_tables(tables, project, trained, progress=progress)
    judgement = judge_candidate(trained.best, project, log_days=trained.log_days)
    write_bundle_of(
        folder, project, trained, trained.best, provenance, key=key, judgement=judgement
    )
    return read_bundle(folder, key=key)
