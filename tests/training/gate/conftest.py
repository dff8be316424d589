"""Small simulated shops by seed and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trained_shops import Shop
from training.simulator.shop import simulate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def shop_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Shop]:
    """Make a shop of a seed and a drift."""

    def made(*, seed: int, drift: float = 0.0) -> Shop:
        folder = tmp_path_factory.mktemp("gate") / "shop"
        simulate(folder, customers=1_200, seed=seed, drift=drift)
        return Shop(folder=folder, scratch=tmp_path_factory.mktemp("bundles"))

    return made
