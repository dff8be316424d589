"""Which answer holds for a customer, in which order that changed, and who is told."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from msgspec.structs import replace
from sqlalchemy import event, select

from ebbtide.store import current
from ebbtide.store.current import current_score
from ebbtide.store.current_list import Wanted, listed_scores, renew_epoch, sequence_reached
from ebbtide.store.schema.scores import CURRENT_SCORES, PREDICTIONS
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction
from stored_answer import ANSWER, DAY, MARCH

ANY = Wanted(holds_at=MARCH)


@pytest.fixture
def told(monkeypatch):
    messages = []

    def note(_connection, *, kind, told, at):
        messages.extend({"kind": kind, "data": data, "at": at} for data in told)

    monkeypatch.setattr(current, "enqueue_each", note)
    return messages


def prediction(prediction_id, **changes) -> Prediction:
    answer = replace(ANSWER, prediction_id=prediction_id, **changes)
    return Prediction(answer=answer, names=("a",), values=np.array([1.0]))


def held(store, customer_id="c1"):
    with store.database.read() as connection:
        found = current_score(connection, customer_id)
    return None if found is None else json.loads(found.written)["prediction_id"]


def listed(store, wanted=ANY, *, after=0, limit=1000):
    with store.database.read() as connection:
        return listed_scores(connection, wanted, after=after, limit=limit)


def ids(rows):
    return [json.loads(row.current.written)["prediction_id"] for row in rows]


@pytest.mark.parametrize(
    ("later", "holds"),
    [
        pytest.param({"as_of": MARCH + DAY}, "new", id="later-as-of"),
        pytest.param({"as_of": MARCH - DAY, "scored_at": MARCH + DAY}, "old", id="earlier-as-of"),
        pytest.param({"scored_at": MARCH + DAY}, "new", id="same-as-of-made-later"),
        pytest.param({"scored_at": MARCH - DAY}, "old", id="same-as-of-made-earlier"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in-one-unit", "one-by-one"])
def test_an_answer_holds_unless_one_of_a_later_as_of_is_there(store, later, holds, together):
    entries = [prediction("old"), prediction("new", **later)]
    for part in [entries] if together else [[each] for each in entries]:
        store.record_predictions(part)
    assert held(store) == holds
    assert held(store, "c2") is None
    assert ids(listed(store)) == [holds]


def test_what_an_answer_does_not_replace_gets_no_new_place(store):
    store.record_predictions([prediction("first")])
    before = listed(store)
    store.record_predictions([prediction("older", as_of=MARCH - DAY)])
    assert listed(store) == before


def test_an_answer_that_was_made_before_is_current_from_when_it_was_kept(store):
    store.record_predictions([prediction("prompt")])
    waited = prediction("waited", customer_id="c2")
    store.database.write(partial(store.add_predictions, entries=[waited], at=MARCH + DAY))
    since = dataclasses.replace(ANY, updated_since=MARCH + DAY)
    assert ids(listed(store, since)) == ["waited"]
    assert [row.updated_at for row in listed(store)] == [MARCH, MARCH + DAY]


def test_webhooks_hear_of_a_band_that_changed_and_only_then(store, told):
    store.record_predictions([prediction("1", risk_band="low")])
    store.record_predictions([prediction("2", risk_band="low", scored_at=MARCH + DAY)])
    assert told == []
    store.record_predictions(
        [prediction("3", risk_band="high", scored_at=MARCH + 2 * DAY, churn_probability=0.9)]
    )
    store.record_predictions([prediction("4", risk_band="medium", as_of=MARCH - DAY)])
    (message,) = told
    assert message == {
        "kind": "risk_band.changed",
        "data": {
            "customer_id": "c1",
            "from": "low",
            "to": "high",
            "prediction_id": "3",
            "churn_probability": 0.9,
            "scored_at": "2026-03-03T00:00:00Z",
        },
        "at": MARCH + 2 * DAY,
    }


def test_of_several_answers_in_one_unit_the_band_before_and_the_last_count(store, told):
    store.record_predictions([prediction("1", risk_band="low")])
    store.record_predictions(
        [
            prediction("2", risk_band="high", scored_at=MARCH + DAY),
            prediction("3", risk_band="low", scored_at=MARCH + 2 * DAY),
        ]
    )
    assert told == []
    assert held(store) == "3"


def test_pages_follow_the_order_of_changes(store):
    for number in range(5):
        store.record_predictions([prediction(f"p{number}", customer_id=f"c{number}")])
    store.record_predictions([prediction("p0 anew", customer_id="c0", scored_at=MARCH + DAY)])
    first = listed(store, limit=2)
    assert ids(first) == ["p1", "p2"]
    rest = listed(store, after=first[-1].sequence)
    assert ids(rest) == ["p3", "p4", "p0 anew"]
    assert listed(store, after=rest[-1].sequence) == []
    with store.database.read() as connection:
        assert sequence_reached(connection)[1] == rest[-1].sequence


def test_the_time_of_change_never_goes_back(store):
    for number, hours in enumerate((0, 5, 3, 4, 9)):
        scored_at = MARCH + timedelta(hours=hours)
        store.record_predictions(
            [prediction(str(number), customer_id=str(number), scored_at=scored_at)]
        )
    rows = listed(store)
    assert [row.updated_at - MARCH for row in rows] == [
        timedelta(hours=hours) for hours in (0, 5, 5, 5, 9)
    ]
    since = Wanted(holds_at=MARCH, updated_since=MARCH + timedelta(hours=1))
    assert ids(listed(store, since)) == ["1", "2", "3", "4"]
    late = Wanted(holds_at=MARCH, updated_since=MARCH + DAY)
    assert listed(store, late) == []


def test_a_band_or_action_is_asked_for_only_of_answers_that_hold(store):
    store.record_predictions(
        [
            prediction("fits", customer_id="1", risk_band="high", action_code="call"),
            prediction("no action", customer_id="2", risk_band="high"),
            prediction("other band", customer_id="3", risk_band="low", action_code="call"),
            prediction("expired", customer_id="4", risk_band="high", valid_until=MARCH - DAY),
            prediction("redefined", customer_id="5", risk_band="high", definition="other"),
        ]
    )
    high = Wanted(holds_at=MARCH, band="high", definition="d")
    assert ids(listed(store, high)) == ["fits", "no action"]
    assert ids(listed(store, dataclasses.replace(high, action="call"))) == ["fits"]
    assert ids(listed(store, dataclasses.replace(high, band=None, action="call"))) == [
        "fits",
        "other band",
    ]
    assert len(listed(store)) == 5


def test_what_leaves_the_log_is_no_longer_current(store):
    store.record_predictions([prediction("1")])
    store.database.write(lambda connection: connection.execute(PREDICTIONS.delete()))
    assert held(store) is None
    assert listed(store) == []


def test_a_new_epoch_makes_cursors_void(store):
    store.record_predictions([prediction("1")])
    with store.database.read() as connection:
        epoch, last = sequence_reached(connection)
    store.database.write(renew_epoch)
    with store.database.read() as connection:
        renewed, still = sequence_reached(connection)
    assert renewed != epoch
    assert still == last == 1


def test_a_number_is_not_dealt_out_while_one_before_it_may_still_be_undone(store):
    """Were it, a reader could see the second, go on after it, and never see the first."""
    second = threading.Thread(
        target=lambda: store.record_predictions([prediction("second", customer_id="c2")])
    )
    with store.database.engine.connect() as connection, connection.begin() as transaction:
        first = prediction("first")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DELETE FROM score_sequence")  # a write takes the turn
        store.add_predictions(connection, [first], at=MARCH)
        second.start()
        time.sleep(0.15)
        assert listed(store) == []
        transaction.commit()
    second.join()
    assert ids(listed(store)) == ["first", "second"]


def test_a_reader_sees_the_last_state_of_every_customer_while_many_write(url):
    """Two databases as of two processes, four writers, and a reader who goes on."""
    stores = [open_store(url) for _ in range(2)]
    writers, rounds, customers = 4, 20, 7
    done = threading.Event()
    seen: dict[str, str] = {}

    def write(writer):
        for turn in range(rounds):
            stores[writer % 2].record_predictions(
                [
                    prediction(
                        f"{writer}-{turn}-{place}",
                        customer_id=f"c{(turn + place + writer) % customers}",
                        scored_at=MARCH + timedelta(seconds=turn),
                    )
                    for place in range(3)
                ]
            )

    def read():
        after = 0
        while True:
            is_last = done.is_set()
            rows = listed(stores[0], after=after, limit=2)
            numbers = [row.sequence for row in rows]
            assert numbers == sorted(set(numbers))
            for row in rows:
                written = json.loads(row.current.written)
                seen[written["customer_id"]] = written["prediction_id"]
            if rows:
                after = numbers[-1]
            elif is_last:
                return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    with stores[0].database.read() as connection:
        rows = connection.execute(
            select(CURRENT_SCORES.c.customer_id, CURRENT_SCORES.c.prediction_id)
        )
        assert seen == {row.customer_id: row.prediction_id for row in rows}
    assert len(seen) == customers
    for store in stores:
        store.close()


@pytest.mark.parametrize("hours", range(-1, 9))
def test_what_has_changed_since_an_instant_is_found_among_the_numbers(store, hours):
    for number, since in enumerate((0, 2, 2, 5, 7, 5)):  # c1 and c3 change twice: gaps
        scored_at = MARCH + timedelta(hours=since)
        store.record_predictions(
            [prediction(str(number), customer_id=f"c{number % 4}", scored_at=scored_at)]
        )
    everything = listed(store)
    instant = MARCH + timedelta(hours=hours)
    since = listed(store, dataclasses.replace(ANY, updated_since=instant))
    assert since == [row for row in everything if row.updated_at >= instant]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({}, id="any"),
        pytest.param({"band": "high"}, id="band"),
        pytest.param({"action": "call"}, id="action"),
    ],
)
def test_lists_of_scores_go_along_the_order_of_changes(tmp_path, wanted):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    asked = []

    def explain(_connection, cursor, statement, parameters, *_):
        if "current_scores" in statement and not statement.startswith("EXPLAIN"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            asked.extend(row[3] for row in cursor.fetchall())

    store.record_predictions([prediction("1")])
    event.listen(store.database.engine, "before_cursor_execute", explain)
    listed(store, dataclasses.replace(ANY, updated_since=MARCH, **wanted))
    assert any(
        "SEARCH current_scores USING INDEX current_scores_in_order (sequence>?" in step
        for step in asked
    )
    assert not any(step.startswith("SCAN current_scores") for step in asked)
    store.close()
