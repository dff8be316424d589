"""Assignments: the first of a window sticks, and what is known of them is counted by arm."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from ebbtide.answer.answer import Answer
from ebbtide.effects.tally import Tally
from ebbtide.store.assignments import later_turns_of, record_assignments, tallies_of
from ebbtide.store.driver import Driver
from ebbtide.store.schema.effects import ASSIGNMENTS
from ebbtide.store.store import Prediction

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 90 * DAY
TREATED = Answer(
    prediction_id="p1",
    customer_id="c1",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH + timedelta(hours=1),
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
    outcome_due_at=MARCH + WINDOW,
)
HELD = replace(
    TREATED,
    action_code=None,
    withheld_action_code="call",
    arm="holdout",
    expected_cost=0.0,
)


@pytest.fixture
def database(store):
    return store.database


def assign(database, *answers):
    return database.write(lambda connection: record_assignments(Driver(connection), answers))


def rows(database):
    query = select(ASSIGNMENTS).order_by(
        ASSIGNMENTS.c.customer_id, ASSIGNMENTS.c.family, ASSIGNMENTS.c.turn
    )
    with database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def at(answer, days, **changes):
    moment = days * DAY
    return replace(
        answer,
        as_of=answer.as_of + moment,
        scored_at=answer.scored_at + moment,
        valid_until=answer.valid_until + moment,
        outcome_due_at=answer.outcome_due_at + moment,
        **changes,
    )


def test_an_answer_with_an_arm_is_an_assignment(database):
    assert assign(database, TREATED, replace(HELD, customer_id="c2", prediction_id="p2")) == 2
    treated, held = rows(database)
    assert treated == {
        "customer_id": "c1",
        "family": "contact",
        "turn": 1,
        "prediction_id": "p1",
        "action_code": "call",
        "arm": "treated",
        "propensity": 0.9,
        "policy_version": "policy+1",
        "definition": "inactivity-90d-1",
        "p_churn": 0.5,
        "value": 200.0,
        "expected_cost": 3.0,
        "as_of": MARCH,
        "assigned_at": MARCH + timedelta(hours=1),
        "matures_at": MARCH + WINDOW,
        "churned": None,
        "outcome_observed_at": None,
        "accepted": None,
        "delivered_at": None,
        "cost": None,
    }
    assert (held["arm"], held["action_code"]) == ("holdout", "call")


def test_an_answer_without_an_arm_or_about_the_past_assigns_nobody(database):
    none = replace(TREATED, action_code=None, action_family=None, arm=None, propensity=None)
    past = replace(TREATED, scored_at=TREATED.valid_until + timedelta(seconds=1))
    assert assign(database, none, past) == 0
    assert rows(database) == []


def test_the_first_of_a_window_sticks_and_a_new_one_begins_once_it_has_matured(database):
    assign(database, TREATED)
    assert assign(database, at(TREATED, 7, prediction_id="p2", action_code="letter")) == 0
    last = replace(at(TREATED, 89, prediction_id="p3"), scored_at=MARCH + WINDOW - DAY / 24)
    assert assign(database, last) == 0
    assert assign(database, at(TREATED, 90, prediction_id="p4")) == 1
    found = [(each["turn"], each["prediction_id"], each["action_code"]) for each in rows(database)]
    assert found == [(1, "p1", "call"), (2, "p4", "call")]


def test_families_and_customers_are_assigned_apart(database):
    other = replace(TREATED, action_family="voucher", action_code="voucher", prediction_id="p2")
    assert assign(database, TREATED, other, replace(TREATED, customer_id="c2")) == 3


def test_of_two_answers_in_one_request_the_first_sticks(database):
    assert assign(database, TREATED, at(TREATED, 0, prediction_id="p2")) == 1
    assert [each["prediction_id"] for each in rows(database)] == ["p1"]


def test_many_customers_are_assigned_at_once(database):
    answers = [replace(TREATED, customer_id=f"c{n}", prediction_id=f"p{n}") for n in range(1200)]
    assert assign(database, *answers) == 1200
    assert assign(database, *answers) == 0
    assert len(rows(database)) == 1200


def test_the_log_and_the_assignment_are_committed_together(store):
    entry = Prediction(answer=TREATED, names=("a",), values=np.array([1.0]))
    store.record_predictions([entry])
    assert [each["customer_id"] for each in rows(store.database)] == ["c1"]

    def breaks(connection):
        answer = replace(TREATED, customer_id="c2", prediction_id="p2")
        store.add_predictions(
            connection, [dataclasses.replace(entry, answer=answer)], at=answer.scored_at
        )
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        store.database.write(breaks)
    assert [each["customer_id"] for each in rows(store.database)] == ["c1"]


def test_tallies_count_each_customer_once_and_only_what_has_matured(database):
    held = [replace(HELD, customer_id=f"h{n}", prediction_id=f"h{n}") for n in range(3)]
    treated = [replace(TREATED, customer_id=f"t{n}", prediction_id=f"t{n}") for n in range(4)]
    late = at(replace(TREATED, customer_id="late", prediction_id="late"), 10)
    again = at(replace(TREATED, customer_id="t0", prediction_id="again"), 91)
    sure = replace(TREATED, customer_id="sure", prediction_id="sure", propensity=1.0)
    assign(database, *held, *treated, late, sure)
    assign(database, again)
    known = {"h0": True, "h1": False, "t0": True, "t1": False, "t2": False, "late": True}
    with database.engine.begin() as connection:
        for customer, churned in known.items():
            connection.execute(
                update(ASSIGNMENTS)
                .where(ASSIGNMENTS.c.customer_id == customer)
                .values(churned=churned)
            )
        connection.execute(
            update(ASSIGNMENTS).where(ASSIGNMENTS.c.customer_id == "t1").values(cost=5.0)
        )
        connection.execute(
            update(ASSIGNMENTS).where(ASSIGNMENTS.c.customer_id == "h1").values(accepted=True)
        )
    with database.read() as connection:
        found = tallies_of(connection, "call", now=MARCH + WINDOW)
        assert later_turns_of(connection, "call") == 1
        assert tallies_of(connection, "voucher", now=MARCH + WINDOW) == []
    sums = {"p_churn_sum": 1.5, "value_sum": 600.0, "cost_sum": 11.0, "costs_reported": 1}
    assert found == [
        Tally(
            arm="holdout",
            propensity=0.9,
            assigned=3,
            matured=3,
            known=2,
            left=1,
            p_churn_sum=1.0,
            value_sum=400.0,
            delivered=1,
        ),
        Tally(arm="treated", propensity=0.9, assigned=5, matured=4, known=3, left=1, **sums),
        Tally(arm="treated", propensity=1.0, assigned=1, matured=1),
    ]
