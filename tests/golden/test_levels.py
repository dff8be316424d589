"""The level of the coming window on real logs: foreseen from the past alone, and near what came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ebbtide.project import load_project
from features.sources import open_tables
from training.calibration.level import level_shift, share_that_churned
from training.definition_lab.purchase_days import read_purchase_days

pytestmark = pytest.mark.golden

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = {"online-retail-ii": "online_retail_II.parquet", "cdnow": "cdnow_master.parquet"}
ENDS = {
    "online-retail-ii": datetime(2011, 12, 10, tzinfo=UTC),
    "cdnow": datetime(1998, 7, 1, tzinfo=UTC),
}


@pytest.fixture(scope="module")
def logs(data_dir):
    """The project and the purchase days of each log."""
    read = {}
    for name, file in FILES.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EBBTIDE_DATA_DIR", str((data_dir / file).parent))
            project = load_project(EXAMPLES / f"{name}.toml")
            tables = open_tables(project, now=datetime(2012, 6, 1, tzinfo=UTC))
            read[name] = project, read_purchase_days(tables, ends_at=ENDS[name])
    return read


@pytest.mark.parametrize(
    ("name", "date", "churned", "carried_off", "foreseen_off"),
    [
        ("online-retail-ii", "2010-12-01", 0.669, 0.25, 0.07),
        ("online-retail-ii", "2011-03-01", 0.632, 0.04, 0.02),
        ("online-retail-ii", "2011-06-01", 0.634, 0.01, 0.02),
        ("online-retail-ii", "2011-09-09", 0.496, 0.15, 0.03),
        ("cdnow", "1998-04-01", 0.702, 0.14, 0.02),
    ],
)
def test_the_level_is_foreseen(logs, name, date, churned, carried_off, foreseen_off):
    project, log = logs[name]
    as_of = datetime.fromisoformat(date).replace(tzinfo=UTC)
    learned_at = as_of - timedelta(days=90)
    made = level_shift(
        log, project.definition, learned_at=learned_at, as_of=as_of, min_history_days=90
    )
    came = share_that_churned(log, project.definition, at=as_of, now=ENDS[name])
    assert came == pytest.approx(churned, abs=0.001)
    assert abs(made.learned_share - came) == pytest.approx(carried_off, abs=0.01)
    assert abs(made.expected_share - came) < foreseen_off


def test_a_cohort_that_was_acquired_once_has_no_season(logs):
    project, log = logs["cdnow"]
    as_of = datetime(1998, 4, 1, tzinfo=UTC)
    made = level_shift(
        log,
        project.definition,
        learned_at=as_of - timedelta(days=90),
        as_of=as_of,
        min_history_days=60,
    )
    assert (made.basis, made.newcomers) == ("customers", 0.0)
