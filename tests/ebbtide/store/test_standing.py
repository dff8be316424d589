"""How customers stand is what the topics say one by one; what has changed meanwhile is obeyed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from ebbtide.store.preferences import Preferences, keep_preferences, preferences_of
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction
from stored_answer import ANSWER, DAY, MARCH


@pytest.fixture
def store(url, tmp_path):
    made = open_store(url, folder=tmp_path / "keys")
    yield made
    made.close()


def decide(store, customer_id, **decided):
    own = Preferences(updated_at=MARCH, **decided)
    store.database.write(lambda c: keep_preferences(c, customer_id, own, database=store.database))


def entry(customer_id, **changes):
    answer = replace(ANSWER, prediction_id=customer_id, customer_id=customer_id, **changes)
    return Prediction(answer=answer, names=("a",), values=np.array([1.0]), written=b'{"old": 1}')


def test_it_says_what_was_decided_and_who_was_erased(store):
    decide(store, "c1", profiling_opt_out=True)
    decide(store, "c2", contact_opt_out=True)
    store.erasures.erase("c3", now=lambda: MARCH)
    ids = ["c1", "c2", "c3", "c4", "c1"]
    with store.database.read() as connection:
        standing = store.standing(connection, ids)
        assert standing.preferences == preferences_of(connection, ids)
    assert standing.erased_at == {"c3": MARCH}
    assert [standing.opted_out(each) for each in ids] == [True, False, False, False, True]
    facts = [("c3", MARCH - DAY), ("c3", MARCH), ("c3", MARCH + DAY), ("c4", MARCH)]
    with store.database.read() as connection:
        barred = store.erasures.barred(connection, facts)
    assert {fact for fact in facts if standing.bars(*fact)} == barred == {*facts[:2]}


@pytest.mark.parametrize("asks", [True, False], ids=["asked-before", "asked-by-itself"])
def test_the_log_holds_nothing_of_the_erased_and_no_score_of_who_opted_out(store, asks):
    decide(store, "c1", profiling_opt_out=True)
    store.erasures.erase("c2", now=lambda: MARCH)
    entries = [entry("c1"), entry("c2"), entry("c3")]

    def unit(connection):
        standing = store.standing(connection, ["c1", "c2", "c3"]) if asks else None
        store.add_predictions(connection, entries, at=MARCH, standing=standing)

    store.database.write(unit)
    (opted_out,) = store.predictions_of("c1")
    assert (opted_out.status, opted_out.abstain_code) == ("abstained", "profiling_opt_out")
    assert list(store.predictions_of("c2")) == []
    with store.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT customer_id, answer FROM predictions ORDER BY customer_id"
        ).all()
    assert [row.customer_id for row in rows] == ["c1", "c3"]
    assert rows[1].answer == '{"old": 1}'  # as it was written, to the byte


def test_feature_names_that_a_failed_unit_has_added_are_added_again(store):
    def fail(connection):
        store.add_predictions(connection, [entry("c1")], at=MARCH)
        raise KeyError("the unit's own")

    with pytest.raises(KeyError):
        store.database.write(fail)
    written = dataclasses.replace(entry("c1"), written=None)
    store.database.write(lambda c: store.add_predictions(c, [written], at=MARCH))
    assert list(store.predictions_of("c1")) == [written.answer]
