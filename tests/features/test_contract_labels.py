"""Outcomes of contracts: which end is a loss, of which cause, and when one may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError, NotReady
from features.labels import label_snapshot

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
MONTH = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
LATER = AS_OF + 400 * DAY


def contract(start, end=None, reason=None, *, who="a", **more):
    """A row whose start and end are days from the instant of the snapshot."""
    began, ended = (
        None if days is None else AS_OF + (days if isinstance(days, timedelta) else days * DAY)
        for days in (start, end)
    )
    row = {"customer_id": who, "started_at": began, "ended_at": ended, "end_reason": reason}
    return row | more


@pytest.fixture
def outcome(open_company):
    """Return churned and cause by customer."""

    def label(*rows, definition=MONTH, now=LATER):
        tables = open_company(subscriptions=rows)
        labels = label_snapshot(tables, as_of=AS_OF, now=now, definition=definition)
        return {
            row["customer_id"]: (row["churned"], row["churn_cause"]) for row in labels.to_pylist()
        }

    return label


@pytest.mark.parametrize(
    ("from_start", "found"),
    [
        pytest.param(-TICK, (False, None), id="just-before-the-window"),
        pytest.param(timedelta(), (True, "payment"), id="on-the-start"),
        pytest.param(30 * DAY - TICK, (True, "payment"), id="just-before-the-end"),
        pytest.param(30 * DAY, (False, None), id="on-the-end"),
    ],
)
def test_an_end_counts_in_a_window_closed_at_its_start_and_open_at_its_end(
    outcome, from_start, found
) -> None:
    definition = replace(MONTH, gap_days=5)
    ended = contract(-90, 5 * DAY + from_start, "payment")
    assert outcome(ended, definition=definition) == {"a": found}


def test_only_those_with_a_running_contract_have_an_outcome(outcome) -> None:
    found = outcome(
        contract(-90, who="runs"),
        contract(-900, who="runs for years"),
        contract(-90, 0, who="ends at as_of"),
        contract(-90, -TICK, who="ended before"),
        contract(0, who="begins at as_of"),
        contract(-9, who="not known yet", known_at=AS_OF),
    )
    assert list(found) == ["ends at as_of", "runs", "runs for years"]
    assert found["ends at as_of"] == (True, "unknown")


@pytest.mark.parametrize(
    ("other", "is_lost"),
    [
        pytest.param((-200, None), False, id="runs-beside"),
        pytest.param((-200, 10), True, id="ends-with-it"),
        pytest.param((-200, 11), False, id="ends-after-the-window"),
        pytest.param((10, None), False, id="follows-at-once"),
        pytest.param((17, None), False, id="follows-on-the-last-grace-day"),
        pytest.param((17 * DAY + TICK, None), True, id="follows-too-late"),
        pytest.param((12, 13), False, id="followed-by-a-short-one"),
        pytest.param((12, 12), True, id="an-empty-one-is-none"),
    ],
)
def test_an_end_is_a_loss_unless_another_runs_or_begins_within_the_grace_days(
    outcome, other, is_lost
) -> None:
    definition = replace(MONTH, horizon_days=11)
    found = outcome(contract(-90, 10, "voluntary"), contract(*other), definition=definition)
    assert found["a"][0] is is_lost


def test_another_customers_contract_keeps_nobody(outcome) -> None:
    assert outcome(contract(-90, 10), contract(5, who="b")) == {"a": (True, "unknown")}


def test_without_grace_only_a_contract_that_follows_at_once_keeps(outcome) -> None:
    strict = replace(MONTH, grace_days=0)
    assert outcome(contract(-90, 10), contract(10), definition=strict)["a"][0] is False
    late = contract(10 * DAY + TICK)
    assert outcome(contract(-90, 10), late, definition=strict)["a"][0] is True


def test_periods_row_by_row_are_renewals(outcome) -> None:
    months = [contract(start, start + 30, "unknown") for start in range(-90, 60, 30)]
    assert outcome(*months) == {"a": (False, None)}


@pytest.mark.parametrize(
    ("reasons", "cause"),
    [
        (["voluntary"], "voluntary"),
        (["payment"], "payment"),
        (["unknown"], "unknown"),
        ([None], "unknown"),
        (["payment", "voluntary"], "voluntary"),
        (["unknown", "payment"], "payment"),
    ],
)
def test_the_cause_is_that_of_the_end(outcome, reasons, cause) -> None:
    assert outcome(*(contract(-90, 10, reason) for reason in reasons)) == {"a": (True, cause)}


def test_the_cause_is_that_of_the_first_loss(outcome) -> None:
    found = outcome(
        contract(-90, 3, "unknown"),  # followed at once
        contract(3, 5, "payment"),
        contract(20, 22, "voluntary"),
    )
    assert found == {"a": (True, "payment")}


def test_without_reasons_causes_are_unknown(open_company) -> None:
    row = contract(-90, 10)
    del row["end_reason"]
    labels = label_snapshot(
        open_company(subscriptions=[row]), as_of=AS_OF, now=LATER, definition=MONTH
    )
    assert labels["churn_cause"].to_pylist() == ["unknown"]


def test_who_left_in_the_gap_is_no_loss_of_the_window(outcome) -> None:
    assert outcome(contract(-90, 3), definition=replace(MONTH, gap_days=7)) == {"a": (False, None)}


def test_a_renewal_that_was_not_known_is_none(outcome) -> None:
    rows = contract(-90, 10), contract(12, known_at=LATER)
    assert outcome(*rows)["a"][0] is True
    assert outcome(*rows, now=LATER + TICK)["a"][0] is False


def test_an_end_that_is_planned_has_not_come(outcome) -> None:
    now = AS_OF + 37 * DAY
    assert outcome(contract(-90, 36), contract(-9, 29, who="b"), now=now) == {
        "a": (False, None),
        "b": (True, "unknown"),
    }


def test_a_snapshot_matures_when_the_grace_days_are_over(outcome) -> None:
    assert outcome(contract(-90, 29), now=AS_OF + 37 * DAY) == {"a": (True, "unknown")}
    with pytest.raises(NotReady, match=r"matures at 2011-04-07.*earlier snapshot"):
        outcome(contract(-90, 29), now=AS_OF + 37 * DAY - TICK)


def test_grace_days_are_civil_days(outcome) -> None:
    """The clocks of London go forward on 27 March: seven civil days are an hour short."""
    london = replace(MONTH, time_zone="Europe/London")
    ended = contract(-90, 24)
    in_time = 31 * DAY - timedelta(hours=1)
    assert outcome(ended, contract(in_time), definition=london)["a"][0] is False
    just_late = contract(in_time + TICK)
    assert outcome(ended, just_late, definition=london)["a"][0] is True
    assert outcome(ended, just_late)["a"][0] is False


def test_a_table_without_ends_is_refused(open_company) -> None:
    tables = open_company(subscriptions=[{"customer_id": "a", "started_at": AS_OF - DAY}])
    with pytest.raises(ContractError, match=r"Expected subscriptions with ended_at.*Bring it"):
        label_snapshot(tables, as_of=AS_OF, now=LATER, definition=MONTH)
