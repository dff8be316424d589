"""The verdict: it agrees with what training does, and says exactly what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from ebbtide.errors import NotReady
from features.usability.shortfall import days_needed, snapshots_needed
from features.usability.sufficiency import snapshot_instants
from training.origins import origins
from training.snapshots import matured_instants

HEAD = "customer_id,occurred_at,amount\n"
START = datetime(2025, 1, 1, tzinfo=UTC)
SETTINGS = (
    "[churn]\nhorizon_days = 20\nactive_within_days = 60\n"
    "[snapshots]\nevery_days = 7\nmin_history_days = 30"
)
NEEDED = 30 + 20 + 21
"""History, horizon, and the three steps of a week that are the least horizon of the one before."""


def log(n_days: int, *, faithful: int, lost: int) -> str:
    """Customers who buy every ten days, and others of whom one stops every day."""
    rows = [
        f"f{k},{START + timedelta(days=day):%Y-%m-%d %H:%M:%S},{5 + k % 3}\n"
        for day in range(n_days)
        for k in range(faithful)
        if (day + k) % 10 == 0 or day == n_days - 1
    ]
    rows += [
        f"l{day}-{k},{START + timedelta(days=day):%Y-%m-%d %H:%M:%S},{5 + k % 3}\n"
        for day in range(n_days)
        for k in range(lost)
    ]
    return HEAD + "".join(rows)


@pytest.fixture
def project(shop):
    return shop(f'path = "t.csv"\n{SETTINGS}', t_dot_csv=HEAD)


@pytest.mark.parametrize("n_days", [49, 50, 57, 70, 71, 72, 100, 400])
def test_instants_and_days_needed_are_those_of_training(project, n_days) -> None:
    end = START + timedelta(days=n_days)
    instants = snapshot_instants(project, start=START, end=end)
    try:
        assert instants == matured_instants(project, log_start=START, now=end)
    except NotReady:
        assert instants == []
    if not instants:
        assert n_days < days_needed(project, tests=1)
        return

    class Taken:
        def __init__(self, as_of: datetime) -> None:
            self.as_of = as_of

    snapshots = [Taken(instant) for instant in instants]
    for tests in (1, 2):
        try:
            found = len(origins(snapshots, definition=project.definition, at_most=tests))
        except NotReady:
            found = 0
        assert (found >= tests) == (n_days >= days_needed(project, tests=tests))


def test_the_days_that_are_missing_are_counted(report_of) -> None:
    judged = report_of(log(NEEDED - 13, faithful=120, lost=20), _settings=SETTINGS).sufficiency
    assert judged.level == "not enough"
    assert (judged.log_days, judged.needed_days) == (NEEDED - 13, NEEDED)
    assert judged.missing[0].startswith("13 more day(s) of log: 71 are needed")


def test_a_second_period_to_test_on_makes_it_enough(report_of) -> None:
    barely = report_of(log(NEEDED, faithful=120, lost=20), _settings=SETTINGS).sufficiency
    assert barely.level == "barely"
    assert barely.missing[0].startswith("21 more day(s) of log, so that")
    enough = report_of(log(NEEDED + 21, faithful=120, lost=20), _settings=SETTINGS).sufficiency
    assert (enough.level, enough.missing) == ("enough", ())


@pytest.mark.parametrize(
    ("faithful", "lost", "level", "missing"),
    [
        pytest.param(60, 20, "barely", "40 more customers who stay", id="few-stayers"),
        pytest.param(15, 20, "not enough", "5 more customers who stay", id="hardly-any-stayers"),
        pytest.param(0, 20, "not enough", "both leavers and stayers", id="no-stayers"),
        pytest.param(120, 0, "not enough", "both leavers and stayers", id="no-leavers"),
    ],
)
def test_too_few_of_one_outcome(report_of, faithful, lost, level, missing) -> None:
    rows = log(NEEDED + 21, faithful=faithful, lost=lost)
    judged = report_of(rows, _settings=SETTINGS).sufficiency
    assert judged.level == level
    assert missing in judged.missing[0]


def test_counts_of_the_last_snapshot_can_be_computed_by_hand(report_of) -> None:
    report = report_of(log(NEEDED + 21, faithful=120, lost=20), _settings=SETTINGS)
    last = report.sufficiency.outcomes[-1]
    # It lies 20 days before the end, with 60 days of twenty lost customers each behind it.
    assert str(last.day) == "2025-03-14"
    assert (last.n_stayed, last.n_churned) == (120, 60 * 20)


def test_errors_come_first_and_the_rest_is_judged_all_the_same(report_of) -> None:
    rows = log(NEEDED + 21, faithful=120, lost=20) + "c1,2025-02-01 10:00:00,free\n"
    judged = report_of(rows, _settings=SETTINGS).sufficiency
    assert judged.level == "not enough"
    assert judged.missing == ("Mend the errors in 1 place(s): training refuses them.",)
    assert "Without the rows that break the contract it is enough" in judged.sentence


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param("customer,occurred_at,amount\na,2025-01-01,1\n", id="lacks-a-column"),
        pytest.param(HEAD, id="no-rows"),
        pytest.param("", id="empty-file"),
        pytest.param(HEAD + "a,never,1\n", id="no-instant"),
        pytest.param(HEAD + "a,9999-12-31,1\nb,0001-01-01,1\nc,290000-01-01,2\n", id="no-age"),
        pytest.param(HEAD + "a,infinity,1\nb,-infinity,1\n", id="infinite"),
        pytest.param(HEAD + "a,0044-03-15 (BC),1\n", id="before-christ"),
    ],
)
def test_without_a_log_there_is_a_verdict(report_of, rows) -> None:
    report = report_of(rows, _settings=SETTINGS)
    assert report.sufficiency.level == "not enough"
    assert report.sufficiency.missing[-1] == "Transactions: 71 days of them."
    assert report.count("error") > 0


def test_years_with_two_digits_are_an_error_and_make_no_history(report_of) -> None:
    rows = log(NEEDED + 21, faithful=120, lost=20) + "c1,25-01-14,5\n"
    report = report_of(rows, _settings=SETTINGS)
    assert report.sufficiency.level == "not enough"
    assert report.sufficiency.log_days == NEEDED + 21
    assert "two digits" in report.findings[0].message


def test_default_dates_make_no_history(report_of) -> None:
    rows = log(NEEDED - 13, faithful=120, lost=20) + "c1,1970-01-01 00:00:00,5\n"
    assert report_of(rows, _settings=SETTINGS).sufficiency.log_days == NEEDED - 13


@pytest.mark.parametrize(
    ("max_count", "level", "least"),
    [(2, "not enough", 4), (3, "not enough", 4), (4, "barely", 7), (6, "barely", 7)],
)
def test_too_few_snapshots_are_named(report_of, max_count, level, least) -> None:
    settings = f"{SETTINGS}\nmax_count = {max_count}"
    judged = report_of(log(120, faithful=120, lost=20), _settings=settings).sufficiency
    assert judged.level == level
    assert "snapshots.max_count" in judged.missing[0]
    assert f"at least {least}" in judged.missing[0]


@pytest.mark.parametrize(
    ("n_days", "max_count", "said"),
    [
        pytest.param(NEEDED + 21, 6, ["max_count is 6, at least 7"], id="snapshots"),
        pytest.param(NEEDED, 7, ["21 more day(s) of log"], id="days"),
        pytest.param(NEEDED, 6, ["max_count is 6, at least 7", "21 more day(s)"], id="both"),
        pytest.param(NEEDED - 1, 4, ["1 more day(s) of log: 71"], id="days-at-all"),
        pytest.param(NEEDED - 1, 3, ["must be at least 4", "1 more day"], id="both-at-all"),
        pytest.param(NEEDED + 21, 7, [], id="neither"),
    ],
)
def test_too_few_snapshots_and_too_short_a_log_are_each_named(
    report_of, n_days, max_count, said
) -> None:
    settings = f"{SETTINGS}\nmax_count = {max_count}"
    rows = log(n_days, faithful=120, lost=20)
    missing = report_of(rows, _settings=settings).sufficiency.missing
    assert len(missing) == len(said)
    assert all(part in text for part, text in zip(said, missing, strict=True))


@pytest.mark.parametrize(("max_count", "periods"), [(3, 0), (4, 1), (6, 1), (7, 2)])
def test_snapshots_needed_are_those_of_training(shop, max_count, periods) -> None:
    project = shop(f'path = "t.csv"\n{SETTINGS}\nmax_count = {max_count}', t_dot_csv=HEAD)
    at = matured_instants(project, log_start=START, now=START + timedelta(days=400))
    taken = [SimpleNamespace(as_of=instant) for instant in at]
    try:
        found = len(origins(taken, project.definition))
    except NotReady:
        found = 0
    assert found == periods
    assert [max_count >= snapshots_needed(project, tests=n) for n in (1, 2)] == [
        periods >= 1,
        periods >= 2,
    ]


def test_without_amounts_the_days_of_the_log_are_not_said_to_be_none(report_of) -> None:
    report = report_of("customer_id,occurred_at\nc1,2025-12-01 10:00:00\n")
    assert "0 days" not in report.sufficiency.sentence
    assert report.sufficiency.log_days is None
    (lacks,) = [finding for finding in report.findings if "lacks amount" in finding.message]
    assert "If you have no amounts, use a query with 1 AS amount." in lacks.advice


def test_barely_is_barely_enough(report_of) -> None:
    barely = report_of(log(NEEDED, faithful=120, lost=20), _settings=SETTINGS).sufficiency
    assert barely.sentence.startswith("Barely enough to train: ")
