"""Snapshots that fit on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from ebbtide.definition import ChurnDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
COLUMNS = ("recency_days", "purchase_days_365d", "spend_365d", "first_purchase_age_days")


@pytest.fixture
def year() -> ChurnDefinition:
    return YEAR


@pytest.fixture
def snapshot() -> Callable[..., pa.Table]:
    """Rows of recency, purchase days, spend and age of the first purchase; further columns."""

    def make(*rows: Sequence[float], **further: Sequence[float | None]) -> pa.Table:
        values = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        ids = [f"c{index}" for index in range(len(rows))]
        return pa.table({"customer_id": ids, **values, **further})

    return make
