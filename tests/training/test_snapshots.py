"""Which instants become training snapshots, and what a snapshot holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from by_hand import PRESENT, monthly, snapshot
from ebbtide.errors import NotReady
from ebbtide.project import Project
from features.catalogue.catalogue import features_present
from training.snapshots import matured_instants, stack, take_snapshot

if TYPE_CHECKING:
    from features.tables import Tables

START = datetime(2024, 1, 1, tzinfo=UTC)


def _project(**snapshots: int) -> Project:
    return Project.model_validate(
        {
            "project": {"name": "shop", "currency": "EUR"},
            "tables": {"transactions": {"path": "t.csv"}},
            "churn": {"horizon_days": 60, "gap_days": 10, "active_within_days": 365},
            "snapshots": {"every_days": 30, "min_history_days": 90, **snapshots},
        }
    )


def test_the_latest_snapshot_has_just_matured_and_the_first_has_history_enough() -> None:
    now = START + timedelta(days=300)
    instants = matured_instants(_project(), log_start=START, now=now)
    assert instants[-1] == now - timedelta(days=70)
    assert instants[0] >= START + timedelta(days=90)
    assert instants[0] - timedelta(days=30) < START + timedelta(days=90)
    assert {b - a for a, b in pairwise(instants)} == {timedelta(days=30)}


def test_the_number_of_snapshots_is_bounded_and_the_latest_are_kept() -> None:
    now = START + timedelta(days=1000)
    instants = matured_instants(_project(max_count=3), log_start=START, now=now)
    assert [now - instant for instant in instants] == [timedelta(days=d) for d in (130, 100, 70)]


@pytest.mark.parametrize("days", [159, 30])
def test_a_log_that_is_too_short_says_how_much_is_needed(days: int) -> None:
    with pytest.raises(NotReady, match=rf"at least 160 days .* found {days}"):
        matured_instants(_project(), log_start=START, now=START + timedelta(days=days))


def test_a_log_of_exactly_the_needed_length_gives_one_snapshot() -> None:
    now = START + timedelta(days=160)
    assert matured_instants(_project(), log_start=START, now=now) == [START + timedelta(days=90)]


def test_an_open_snapshot_has_no_outcomes_and_a_matured_one_has(
    tables: Tables, project: Project
) -> None:
    features = features_present(tables.columns)[:3]
    now = tables.log_end(now=PRESENT)
    open_one = take_snapshot(tables, project, features, as_of=now, now=now)
    old_one = take_snapshot(tables, project, features, as_of=now - timedelta(days=60), now=now)
    assert open_one.churned is None
    assert old_one.churned is not None
    assert set(np.unique(old_one.churned)) == {0.0, 1.0}
    assert old_one.rows.shape == (len(old_one.customer_ids), 3)


def test_each_snapshot_is_ranked_against_itself() -> None:
    first, second = (snapshot(as_of=instant) for instant in monthly(2))
    ranked, churned = stack([first, second])
    for part in (ranked[:600, 0], ranked[600:, 0]):
        assert part.mean() == pytest.approx(0.5, abs=1e-4)
    assert len(churned) == 1200
