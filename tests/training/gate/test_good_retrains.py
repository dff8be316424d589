"""Twenty good retrains of shops that drift: at most one is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from ebbtide.gate_settings import GateSettings
from trained_shops import LOG_END
from training.gate import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from trained_shops import Shop

pytestmark = pytest.mark.e2e

SHOPS = ((11, 0.0), (12, 0.1), (13, 0.2), (14, 0.3))
"""Seed, and how far the last quarter drifts."""
CHAMPION_DAYS = 112
CHALLENGER_DAYS = (84, 56, 28, 14, 0)
"""Before the end of the log."""


def test_at_most_one_of_twenty_good_retrains_is_refused(shop_of: Callable[..., Shop]) -> None:
    refused = {}
    judged = 0
    for seed, drift in SHOPS:
        shop = shop_of(seed=seed, drift=drift)
        champion = shop.bundle(as_of=LOG_END - timedelta(days=CHAMPION_DAYS))
        for days in CHALLENGER_DAYS:
            challenger = shop.bundle(as_of=LOG_END - timedelta(days=days))
            refusals = judge(challenger, champion, settings=GateSettings(), at=PRESENT)
            judged += 1
            if refusals:
                refused[seed, drift, days] = [f"{r.code}: {r.words.en}" for r in refusals]
    assert judged == 20
    assert len(refused) <= 1, refused
