"""A bundle in a folder is the one that training would register."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from by_hand import PRESENT
from training.bundled import bundle_of
from training.train import train

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.project import Project
    from features.tables import Tables


def test_what_is_read_back_scores_as_trained_with_days_drivers_and_grade(
    tables: Tables, project: Project, tmp_path: Path
) -> None:
    few = project.snapshots.model_copy(update={"every_days": 112, "max_count": 3})
    quick = project.evaluation.model_copy(update={"resamples": 200})
    project = project.model_copy(update={"snapshots": few, "evaluation": quick})
    trained = train(tables, project, now=tables.log_end(now=PRESENT))
    rows = trained.newest.rows
    bundle = bundle_of(tables, project, trained, folder=tmp_path / "bundle")
    np.testing.assert_array_equal(
        bundle.scorer.p_churn(rows), trained.scorer(trained.best).p_churn(rows)
    )
    assert bundle.scorer.score(rows[:1]).risk_by_day is not None
    assert {driver.name for driver in bundle.drivers.features} == {
        feature.name for feature in trained.features
    }
    assert "grade" in bundle.manifest["metrics"]
    assert not list(tmp_path.glob("state"))
