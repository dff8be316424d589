"""A label counts once its outcome can no longer change."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.definition import ChurnDefinition
from features.arrays.clock import microseconds
from features.snapshot_table.maturity import UNREADABLE, instant_of, matured_labels

DEFINITION = ChurnDefinition(gap_days=5, horizon_days=30, active_within_days=365)
NOW = datetime(2025, 6, 10, tzinfo=UTC)


def labels(*instants: int) -> list[float]:
    stood = np.array(instants, dtype=np.int64)
    return matured_labels(np.ones(len(stood)), stood, definition=DEFINITION, now=NOW).tolist()


def test_a_label_counts_from_the_end_of_its_gap_and_horizon() -> None:
    last = microseconds(datetime(2025, 5, 6, tzinfo=UTC))
    assert labels(last, last + 1, last - 1) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)


def test_dates_that_cannot_be_have_no_outcome() -> None:
    beyond_the_calendar = 316_516_204_800_000_000
    assert np.isnan(labels(UNREADABLE, beyond_the_calendar)).all()


def test_without_dates_every_label_counts() -> None:
    churned = np.array([1.0, np.nan, 0.0])
    assert matured_labels(churned, None, definition=DEFINITION, now=NOW) is churned


@pytest.mark.parametrize("instant", [1_234_567_890_123_457, -1, 253_402_300_799_999_999])
def test_an_instant_is_read_back_to_the_microsecond(instant) -> None:
    assert microseconds(instant_of(instant)) == instant
