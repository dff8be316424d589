"""One simulated shop for all tests here, and its tables as pandas frames."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from training.simulator.shop import SimulatedShop, simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimulatedShop:
    folder: Path = tmp_path_factory.mktemp("shop") / "shop"
    return simulate(folder, customers=20_000, seed=7, policy_text="# a policy\n")


@pytest.fixture(scope="session")
def table(shop: SimulatedShop) -> Callable[[str], pd.DataFrame]:
    return cache(lambda name: pd.read_parquet(shop.folder / f"{name}.parquet"))


@pytest.fixture(scope="session")
def truth(shop: SimulatedShop) -> pd.DataFrame:
    return pd.read_parquet(shop.truth_file)
