"""Whether a training could be recorded, tried before the first snapshot is taken.

How it is recorded is in ``training.tracking``.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from ebbtide.errors import SettingsError
from training.registry import connect_registry

if TYPE_CHECKING:
    from ebbtide.project import Project


def require_recordable(project: Project) -> None:
    """Return if MLflow answers, and what is kept on this machine can be written.

    Parameters
    ----------
    project : where MLflow is; with a snapshot table, also where its contract goes.

    Raises
    ------
    SettingsError
        If the store cannot be reached, or a file or folder cannot be written.
    """
    if project.snapshot_table is not None and not project.contract_path.exists():
        _require_folder(project.contract_path.parent, setting="snapshot_table.contract")
    uri = project.tracking_uri
    if uri.startswith("sqlite:"):
        _require_folder(project.folder / "artifacts", setting="stores.folder")
        database = Path(make_url(uri).database or "")
        _require_folder(database.parent, setting="stores.tracking_uri")
        if database.exists() and not os.access(database, os.W_OK):
            raise SettingsError(_unwritable(database, "no right to write", "stores.tracking_uri"))
    connect_registry(project)


def _require_folder(folder: Path, *, setting: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise SettingsError(
            _unwritable(folder, err.strerror or type(err).__name__, setting)
        ) from err


def _unwritable(place: Path, why: str, setting: str) -> str:
    return (
        f"Nothing was trained, because it could not be recorded: {str(place)!r} cannot be written "
        f"({why}). Give this user the right to write there, or set {setting} to another place."
    )
