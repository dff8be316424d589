"""One simulated service for all tests here, and its tables as pandas frames."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from training.simulator.service.service import SimulatedService, simulate_service

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> SimulatedService:
    folder = tmp_path_factory.mktemp("service") / "service"
    return simulate_service(folder, customers=12_000, seed=7, policy_text="# a policy\n")


@pytest.fixture(scope="session")
def table(service: SimulatedService) -> Callable[[str], pd.DataFrame]:
    return cache(lambda name: pd.read_parquet(service.folder / f"{name}.parquet"))


@pytest.fixture(scope="session")
def truth(service: SimulatedService) -> pd.DataFrame:
    return pd.read_parquet(service.truth_file)
