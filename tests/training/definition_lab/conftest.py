"""Logs of purchases written down as days, opened as a project."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from ebbtide.project import Project, load_project
from features.sources import open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from features.tables import Tables

FIRST = datetime(2023, 1, 1, tzinfo=UTC)


def write_shop(
    folder: Path,
    days: Mapping[str, Sequence[float]],
    *,
    known_after: float | None = None,
    time_zone: str = "UTC",
    amount: float = 40.0,
    more: str = "",
) -> Project:
    """Write customers' purchase days, counted from the first of 2023, beside a project file."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = "customer_id,occurred_at,amount" + (",known_at" if known_after is not None else "")
    lines = [columns]
    for customer, bought in days.items():
        for day in bought:
            at = FIRST + timedelta(days=day)
            known = "" if known_after is None else f",{at + timedelta(days=known_after):%FT%TZ}"
            lines.append(f"{customer},{at:%FT%TZ},{amount}{known}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    (folder / "ebbtide.toml").write_text(
        f'[project]\nname = "shop"\ncurrency = "EUR"\ntime_zone = "{time_zone}"\n'
        f'[tables.transactions]\npath = "t.csv"\n{more}'
    )
    return load_project(folder / "ebbtide.toml")


@pytest.fixture
def open_shop(tmp_path: Path) -> Callable[..., tuple[Project, Tables]]:
    """Write a shop, and open its tables."""

    def make(days: Mapping[str, Sequence[float]], **settings: object) -> tuple[Project, Tables]:
        project = write_shop(tmp_path / "shop", days, **settings)
        return project, open_tables(project, now=PRESENT)

    return make
