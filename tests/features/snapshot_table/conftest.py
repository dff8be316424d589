"""Columns and tables of a few literal rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ebbtide.project import load_project
from features.snapshot_table.raw import RawTable, read_raw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ebbtide.project import Project

HEAD = '[project]\nname = "flat"\ncurrency = "EUR"\n[churn]\nhorizon_days = 30\n'


@pytest.fixture
def project_of(tmp_path: Path) -> Callable[..., Project]:
    """Write a table as CSV or bytes, and a project beside it whose label is ``left``."""

    def make(
        content: str | bytes, *, more: str = "", name: str = "t.csv", path: str | None = None
    ) -> Project:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        file = tmp_path / "ebbtide.toml"
        file.write_text(
            f'{HEAD}[snapshot_table]\npath = "{path or name}"\nlabel = "left"\n'
            f'churned = "Yes"\n{more}',
            encoding="utf-8",
        )
        return load_project(file)

    return make


@pytest.fixture
def raw_of(project_of: Callable[..., Project]) -> Callable[..., RawTable]:
    """Read a table whose single column of interest holds the given values."""

    def make(values: list[str], *, column: str = "x") -> RawTable:
        lines = [f"{value},{'Yes' if place % 2 else 'No'}" for place, value in enumerate(values)]
        return read_raw(project_of("\n".join([f"{column},left", *lines]) + "\n"))

    return make
