"""The log is read part by part: each entry once, the newest first, and nothing is sorted for it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from ebbtide.store import prediction_window
from ebbtide.store.driver import Driver
from ebbtide.store.feature_sets import FeatureSets
from ebbtide.store.prediction_window import log_parts
from ebbtide.store.store import Prediction
from stored_answer import ANSWER, MARCH

HOUR = timedelta(hours=1)


def log(store, prediction_id, *, hours=0, model_version="m", names=("a",)):
    answer = replace(
        ANSWER,
        prediction_id=prediction_id,
        customer_id=f"c{prediction_id}",
        scored_at=MARCH + hours * HOUR,
        model_version=model_version,
    )
    values = np.full(len(names), float(hours))
    store.record_predictions([Prediction(answer=answer, names=names, values=values)])


def read(store, *, since=MARCH, until=MARCH + 9 * HOUR, **options):
    sets = FeatureSets(store.database)
    return list(
        log_parts(store.database, sets, model_version="m", since=since, until=until, **options)
    )


def ids(parts):
    return [who for part in parts for who in part.customer_ids]


@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 6, 100])
def test_those_of_one_instant_are_read_once_each_wherever_a_part_ends(store, monkeypatch, at_once):
    monkeypatch.setattr(prediction_window, "AT_ONCE", at_once)
    for prediction_id in ("4", "2", "3", "1"):
        log(store, prediction_id, hours=1)
    log(store, "9", hours=0)
    log(store, "0", hours=2)
    assert ids(read(store)) == ["c0", "c4", "c3", "c2", "c1", "c9"]


def test_both_ends_of_the_window_belong_to_it_and_another_model_does_not(store):
    for hours in (0, 1, 2, 3):
        log(store, str(hours), hours=hours)
    log(store, "8", hours=1, model_version="other")
    assert ids(read(store, since=MARCH + HOUR, until=MARCH + 2 * HOUR)) == ["c2", "c1"]


def test_answers_are_read_of_the_first_only(store, monkeypatch):
    monkeypatch.setattr(prediction_window, "AT_ONCE", 2)
    for hours in range(5):
        log(store, str(hours), hours=hours)
    assert [len(part.answers) for part in read(store, answers_of_first=3)] == [2, 2, 0]


def test_parts_with_answers_are_the_smaller_ones(store, monkeypatch):
    monkeypatch.setattr(prediction_window, "WITH_ANSWERS_AT_ONCE", 2)
    for hours in range(5):
        log(store, str(hours), hours=hours)
    parts = read(store, answers_of_first=3)
    assert [(len(part.customer_ids), len(part.answers)) for part in parts] == [
        (2, 2),
        (2, 2),
        (1, 0),
    ]


def test_values_lie_with_their_names_and_places(store):
    log(store, "1", hours=1)
    log(store, "2", hours=2, names=("b", "a"))
    log(store, "3", hours=3)
    (part,) = read(store)
    found = {names: (list(at), rows.tolist()) for names, (at, rows) in part.values.items()}
    assert found == {("a",): ([0, 2], [[3.0], [1.0]]), ("b", "a"): ([1], [[2.0, 2.0]])}


def test_an_empty_log_has_no_parts(store):
    assert read(store) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_next", [prediction_window._FIRST, prediction_window._NEXT])
def test_the_index_has_the_order_of_the_parts(store, is_next):
    query = prediction_window._PART.format(columns="answer", is_next=is_next, mark="{mark}")
    with store.database.read() as connection:
        driver = Driver(connection)
        written = "EXPLAIN QUERY PLAN " + query.format(mark=driver.mark)
        plan = driver.rows(written, ["0"] * written.count("?"))
    assert "USING INDEX predictions_by_time" in plan[0][3]
    assert len(plan) == 1
