"""Where a model cannot be tested on a later period, training says what stands in the way of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from ebbtide.clock import shift_days
from ebbtide.errors import NotReady
from training.judgement import judge_candidate
from training.train import train

if TYPE_CHECKING:
    from ebbtide.project import Project
    from features.tables import Tables

ONCE, TWICE = 180 + 60 + 112, 180 + 60 + 224
"""Days of history, horizon, and from one snapshot to the next for each test."""


def of_few(project: Project, *, max_count: int) -> Project:
    few = project.snapshots.model_copy(update={"every_days": 112, "max_count": max_count})
    quick = project.evaluation.model_copy(update={"resamples": 200})
    return project.model_copy(update={"snapshots": few, "evaluation": quick})


@pytest.mark.parametrize(
    ("max_count", "n_days", "advice"),
    [
        pytest.param(1, ONCE, "Raise snapshots.max_count to at least 2; it is 1.", id="snapshots"),
        pytest.param(2, ONCE - 1, "The log has 351 days, and it takes 352: bring", id="days"),
        pytest.param(1, ONCE - 1, "The log has 351 days, and it takes 352: bring", id="both"),
    ],
)
def test_training_refuses_by_what_stands_in_the_way(
    tables: Tables, project: Project, max_count, n_days, advice
) -> None:
    start = tables.log_start(now=PRESENT)
    now = shift_days(start, n_days, time_zone=tables.time_zone)
    with pytest.raises(NotReady) as raised:
        train(tables, of_few(project, max_count=max_count), now=now)
    message = str(raised.value)
    assert f"tested on later customers. {advice}" in message
    assert ("max_count" in message) == (max_count == 1)


@pytest.mark.parametrize(
    ("max_count", "n_days", "is_few", "is_short"),
    [
        pytest.param(2, TWICE, True, False, id="snapshots"),
        pytest.param(3, TWICE - 1, False, True, id="days"),
        pytest.param(2, TWICE - 1, True, True, id="both"),
    ],
)
def test_the_grade_of_a_training_names_what_stands_in_the_way(
    tables: Tables, project: Project, max_count, n_days, is_few, is_short
) -> None:
    project = of_few(project, max_count=max_count)
    start = tables.log_start(now=PRESENT)
    now = shift_days(start, n_days, time_zone=tables.time_zone)
    trained = train(tables, project, now=now)
    judgement = judge_candidate(trained.best, project, log_days=trained.log_days)
    reason = judgement.grade.reasons[0].en
    assert ("at least 3 snapshots, and snapshots.max_count is 2" in reason) == is_few
    assert ("464 days of log, and there are 463" in reason) == is_short
