"""Only what the log bears is compared, every snapshot has matured, and what is left out is said."""

from __future__ import annotations

import pytest

from by_hand import PRESENT
from ebbtide.errors import NotReady
from features.usability.report import usability_report
from training.definition_lab.grid import plan_grid
from training.definition_lab.purchase_days import read_purchase_days


@pytest.fixture
def planned(open_shop):
    """Plan for a log of so many days, whose project asks for 90 days of history."""

    def plan(log_days: int, *, more: str = "", follow_up_days: int = 90):
        project, tables = open_shop({"a": [0, log_days - 0.5]}, more=more)
        log = read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT))
        assert log.observed_days == log_days
        return log, plan_grid(log, project, follow_up_days=follow_up_days)

    return plan


@pytest.mark.parametrize(
    ("log_days", "longest"), [(150, 30), (269, 60), (270, 90), (450, 180), (820, 365)]
)
def test_a_horizon_needs_its_time_twice_after_the_history(planned, log_days, longest):
    _, grid = planned(log_days)
    assert max(grid.horizons) == longest


@pytest.mark.parametrize("log_days", [150, 200, 333, 500, 739, 1090])
def test_every_window_and_at_least_one_follow_up_lie_within_the_log(planned, log_days):
    log, grid = planned(log_days)
    latest = max(grid.gaps) + max(grid.horizons)
    assert all(day >= log.starts_on + 90 for day in grid.as_of_days)
    assert max(grid.as_of_days) + latest == log.ends_on
    assert any(day + latest + grid.follow_up_days <= log.ends_on for day in grid.as_of_days)
    assert 1 <= grid.follow_up_days <= 90


def test_the_project_has_its_own_place_in_the_grid(planned):
    _, grid = planned(
        800, more="[churn]\nhorizon_days = 75\ngap_days = 3\nactive_within_days = 200\n"
    )
    assert 75 in grid.horizons
    assert 3 in grid.gaps
    assert 200 in grid.active_within


def test_what_is_left_out_is_named_with_what_it_needs(planned):
    _, grid = planned(200)
    assert "horizon 60 days: needs 210 days of log, 200 are there" in grid.left_out
    assert any("follow-up" in line for line in grid.left_out)


def test_a_log_too_short_for_thirty_days_bears_nothing(planned):
    with pytest.raises(NotReady, match="at least 150 days of purchases"):
        planned(149)


def test_days_of_log_are_whole_ones_as_the_check_of_the_data_counts_them(open_shop):
    project, tables = open_shop({"a": [0.5, 99.5]}, time_zone="Europe/Vienna")
    log = read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT))
    assert (log.ends_on - log.starts_on, log.observed_days) == (100, 99)
    assert usability_report(project, now=PRESENT).sufficiency.log_days == 99
