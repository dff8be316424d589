"""A small simulated shop, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from ebbtide.project import Project, load_project
from features.sources import open_tables
from training.simulator.shop import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from features.tables import Tables

SMALL = """
[snapshots]
every_days = 56
max_count = 8
min_history_days = 180
"""


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "shop"
    shop = simulate(folder, customers=1_200, seed=3)
    text = shop.project_file.read_text(encoding="utf-8")
    head, _, tail = text.partition("[snapshots]")
    _, _, rest = tail.partition("\n[")
    shop.project_file.write_text(head + SMALL + ("\n[" + rest if rest else ""), encoding="utf-8")
    return folder


@pytest.fixture
def project(shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shop's project, with stores of its own for every test."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    read = load_project(shop_folder / "ebbtide.toml")
    stores = read.stores.model_copy(update={"folder": str(tmp_path / "state")})
    training = read.training.model_copy(update={"candidates": ["logistic"]})
    return read.model_copy(update={"stores": stores, "training": training, "policy": read.policy})


@pytest.fixture
def tables(project: Project) -> Tables:
    return open_tables(project, now=PRESENT)
