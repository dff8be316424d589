"""Outcomes: which window a report is about, when it is too early, and what a correction changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from ebbtide.answer.answer import Answer
from ebbtide.store.outcomes import Outcome, Recorded, record_outcomes
from ebbtide.store.schema.effects import ASSIGNMENTS, OUTCOMES
from ebbtide.store.store import Prediction

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = MARCH + 90 * DAY
ANSWER = Answer(
    prediction_id="p1",
    customer_id="c1",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH + 14 * DAY,
    model_version="m",
    policy_version="policy+1",
    definition="inactivity-90d-1",
    language="en",
    churn_probability=0.5,
    action_code="call",
    action_family="contact",
    arm="treated",
    propensity=0.9,
    value=200.0,
    expected_cost=3.0,
    outcome_due_at=DUE,
)
LATER = replace(
    ANSWER,
    prediction_id="p2",
    action_code="voucher",
    action_family="voucher",
    as_of=MARCH + 20 * DAY,
    scored_at=MARCH + 20 * DAY,
    valid_until=MARCH + 34 * DAY,
    outcome_due_at=DUE + 20 * DAY,
)
NO_ACTION = replace(
    ANSWER,
    prediction_id="p3",
    customer_id="c3",
    action_code=None,
    action_family=None,
    arm=None,
    propensity=None,
)


def log(store, *answers):
    entries = [Prediction(answer=each, names=("a",), values=np.array([1.0])) for each in answers]
    store.record_predictions(entries)


def report(store, *outcomes):
    return store.database.write(
        lambda connection: record_outcomes(connection, outcomes, at=DUE + 99 * DAY)
    )


def outcome(churned=True, observed_at=DUE, **changes) -> Outcome:
    given = {"outcome_id": f"o{observed_at}{churned}{changes}"[:32], "customer_id": "c1", **changes}
    return Outcome(churned=churned, observed_at=observed_at, known_at=observed_at, **given)


def assignments(store, *names):
    query = select(ASSIGNMENTS).order_by(ASSIGNMENTS.c.assigned_at)
    with store.database.read() as connection:
        return [tuple(getattr(row, name) for name in names) for row in connection.execute(query)]


def kept(store):
    with store.database.read() as connection:
        return connection.execute(select(OUTCOMES).order_by(OUTCOMES.c.observed_at)).all()


@pytest.mark.parametrize("prediction_id", [None, "p1"])
@pytest.mark.parametrize("churned", [True, False])
def test_an_outcome_is_of_the_assignment_of_its_window(store, churned, prediction_id):
    log(store, ANSWER)
    assert report(store, outcome(churned, prediction_id=prediction_id)) == [Recorded(outcomes=1)]
    assert assignments(store, "churned", "outcome_observed_at") == [(churned, DUE)]
    assert [(row.customer_id, row.churned) for row in kept(store)] == [("c1", churned)]


@pytest.mark.parametrize("prediction_id", [None, "p1"])
@pytest.mark.parametrize("churned", [True, False])
def test_an_outcome_from_before_the_window_ended_is_refused(store, churned, prediction_id):
    log(store, ANSWER)
    early = outcome(churned, DUE - timedelta(seconds=1), prediction_id=prediction_id)
    assert report(store, early) == ["outcome-too-early"]
    assert (assignments(store, "churned"), kept(store)) == ([(None,)], [])


@pytest.mark.parametrize(
    ("churned", "observed_at", "prediction_id", "is_taken"),
    [
        (True, MARCH + DAY, "p1", True),
        (False, MARCH + DAY, "p1", False),
        (True, MARCH, "p1", False),
        (True, MARCH + DAY, None, False),
    ],
    ids=["left", "may still leave", "before the question", "no answer named"],
)
def test_where_an_end_is_certain_it_may_be_reported_at_once(
    store, churned, observed_at, prediction_id, is_taken
):
    log(store, replace(ANSWER, definition="contract_end-30d-1"))
    (result,) = report(store, outcome(churned, observed_at, prediction_id=prediction_id))
    assert result == (Recorded(outcomes=1) if is_taken else "outcome-too-early")


def test_without_an_answer_only_the_newest_window_that_had_ended_is_meant(store):
    log(store, ANSWER, LATER)
    assert report(store, outcome(True, DUE + 10 * DAY)) == [Recorded(outcomes=1)]
    assert assignments(store, "churned") == [(True,), (None,)]
    assert report(store, outcome(False, DUE + 30 * DAY)) == [Recorded(outcomes=1)]
    assert assignments(store, "churned") == [(True,), (False,)]


def test_a_named_answer_is_meant_however_late(store):
    log(store, ANSWER, LATER)
    assert report(store, outcome(True, DUE + 300 * DAY, prediction_id="p1")) == [
        Recorded(outcomes=1)
    ]
    assert assignments(store, "churned") == [(True,), (None,)]


def test_what_is_observed_long_after_every_window_is_of_none(store):
    log(store, ANSWER)
    late = outcome(True, DUE + 31 * DAY + timedelta(seconds=1))
    assert report(store, late) == [Recorded(unmatched="window_long_over")]
    assert assignments(store, "churned") == [(None,)]
    assert len(kept(store)) == 1


def test_the_same_observation_again_corrects_and_another_does_not(store):
    log(store, ANSWER)
    report(store, outcome(True))
    assert report(store, outcome(True, DUE + DAY)) == [Recorded(unmatched="already_reported")]
    assert report(store, outcome(False)) == [Recorded(outcomes=1, corrections=1)]
    assert assignments(store, "churned") == [(False,)]
    assert report(store, outcome(True, DUE + DAY, prediction_id="p1"))[0].corrections == 1
    assert assignments(store, "churned", "outcome_observed_at") == [(True, DUE + DAY)]
    assert [row.churned for row in kept(store)] == [True, False, True, True]


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"customer_id": "nobody"}, Recorded(unmatched="no_assignment")),
        ({"customer_id": "c3", "prediction_id": "p3"}, Recorded(unmatched="no_assignment")),
        ({"customer_id": "c1", "prediction_id": "p3"}, "unknown-prediction"),
        ({"customer_id": "c3", "prediction_id": "p1"}, "unknown-prediction"),
        ({"prediction_id": "f" * 32}, "unknown-prediction"),
    ],
    ids=["nobody", "no action", "another's", "another's assignment", "none"],
)
def test_an_outcome_of_no_assignment_is_kept_and_of_no_answer_refused(store, changes, result):
    log(store, ANSWER, NO_ACTION)
    assert report(store, outcome(True, **changes)) == [result]
    assert assignments(store, "churned") == [(None,)]
    assert len(kept(store)) == isinstance(result, Recorded)


def test_an_outcome_of_an_answer_without_action_waits_for_its_window_too(store):
    log(store, NO_ACTION)
    early = outcome(False, DUE - DAY, customer_id="c3", prediction_id="p3")
    assert report(store, early) == ["outcome-too-early"]


@pytest.mark.parametrize("named", [{"prediction_id": "p1"}, {"action_code": "call"}])
def test_a_delivery_may_be_told_alone_and_early(store, named):
    log(store, ANSWER, LATER)
    told = {"delivered_at": MARCH + DAY, "accepted": True, "cost": 4.5}
    result = report(store, outcome(None, MARCH + 2 * DAY, **named, **told))
    assert result == [Recorded(deliveries=1)]
    found = assignments(store, "churned", "delivered_at", "accepted", "cost")
    assert found == [(None, MARCH + DAY, True, 4.5), (None, None, None, None)]


def test_a_delivery_of_another_action_is_none_of_this(store):
    log(store, ANSWER)
    told = outcome(True, prediction_id="p1", action_code="letter", cost=2.0)
    assert report(store, told) == [Recorded(outcomes=1)]
    assert assignments(store, "churned", "cost") == [(True, None)]


def test_reports_of_one_request_are_taken_in_order(store):
    log(store, ANSWER)
    results = report(store, outcome(True), outcome(False, cost=1.0, action_code="call"))
    assert results == [Recorded(outcomes=1), Recorded(outcomes=1, corrections=1, deliveries=1)]
    assert assignments(store, "churned", "cost") == [(False, 1.0)]
