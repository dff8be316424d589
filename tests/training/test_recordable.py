"""A training that could not be recorded is not begun."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from ebbtide.errors import SettingsError
from flat_table import flat_project, flat_rows
from training import recordable
from training.recordable import require_recordable
from training.verbs import train

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.project import Project


def with_folder(project: Project, folder: Path) -> Project:
    stores = project.stores.model_copy(update={"folder": str(folder)})
    return project.model_copy(update={"stores": stores})


@pytest.fixture
def without_registry(monkeypatch: pytest.MonkeyPatch) -> list[Project]:
    connected: list[Project] = []
    monkeypatch.setattr(recordable, "connect_registry", connected.append)
    return connected


def test_where_all_can_be_written_the_registry_is_asked(project, without_registry) -> None:
    require_recordable(project)
    assert without_registry == [project]


def test_a_folder_that_cannot_be_made_is_named(project, tmp_path, without_registry) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"taken/artifacts' cannot be written \(Not a dir"):
        require_recordable(with_folder(project, tmp_path / "taken"))
    assert without_registry == []


def test_a_read_only_folder_is_named(project, monkeypatch, without_registry) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(SettingsError, match=r"state/artifacts' cannot be written \(Permission"):
        require_recordable(project)
    assert without_registry == []


def test_a_database_that_may_only_be_read_is_named(project, monkeypatch, without_registry) -> None:
    project.folder.mkdir(parents=True)
    (project.folder / "mlflow.db").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SettingsError, match=r"mlflow.db' cannot be written .* stores.tracking_uri"):
        require_recordable(project)
    assert without_registry == []


def test_a_contract_that_has_no_place_is_named(tmp_path, without_registry) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    project = flat_project(tmp_path, flat_rows(40), more='contract = "taken/c.toml"')
    with pytest.raises(SettingsError, match="set snapshot_table"):
        require_recordable(project)


def test_train_asks_before_it_reads_any_table(shop_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    text = (shop_folder / "ebbtide.toml").read_text(encoding="utf-8")
    file = tmp_path / "ebbtide.toml"
    file.write_text(text + '\n[stores]\nfolder = "taken"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="Nothing was trained"):
        train(config=file, as_of=None)
