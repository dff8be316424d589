"""The fast reader says what the ordinary way says, in any state, and never waits."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import insert

import stored_answer
from ebbtide.store.current import current_score
from ebbtide.store.current_reader import RELIED_ON_SECONDS, CurrentReader, current_reader
from ebbtide.store.preferences import Preferences, keep_preferences
from ebbtide.store.schema.events import EVENTS
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction, StoreBusy, StoreUnavailable
from stored_answer import DAY, MARCH

ANSWER = replace(stored_answer.ANSWER, language="zh")
IDS = ("c1", "c2", "客户/3")


@pytest.fixture
def store(tmp_path):
    made = open_store(f"sqlite:///{tmp_path}/s.db", folder=tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(store):
    made = current_reader(store.database)
    assert isinstance(made, CurrentReader)
    yield made
    made.close()


def scored(store, customer_id="c1", *, days=0, prediction_id=None):
    instant = MARCH + days * DAY
    answer = replace(
        ANSWER,
        prediction_id=prediction_id or f"{customer_id}-{days}",
        customer_id=customer_id,
        as_of=instant,
        scored_at=instant,
        valid_until=instant + 14 * DAY,
    )
    entry = Prediction(answer=answer, names=("a",), values=np.array([1.0]))
    store.record_predictions([entry])


def heard_of(store, customer_id, *, days):
    row = {
        "identity": f"{customer_id}-{days}",
        "customer_id": customer_id,
        "table_name": "transactions",
        "known_at": MARCH + days * DAY,
        "received_at": MARCH + days * DAY,
        "content": "{}",
    }
    store.database.write(lambda c: c.execute(insert(EVENTS).prefix_with("OR IGNORE"), row) and None)


def decided(store, customer_id, *, profiling, contact):
    own = Preferences(profiling_opt_out=profiling, contact_opt_out=contact, updated_at=MARCH)
    store.database.write(lambda c: keep_preferences(c, customer_id, own, database=store.database))


def erased(store, customer_id):
    store.erasures.erase(customer_id, now=lambda: MARCH - DAY)


def ordinary(store, customer_id):
    with store.database.read() as connection:
        return current_score(connection, customer_id)


WHO = st.sampled_from(IDS)
DAYS = st.integers(0, 3)
DEEDS = st.one_of(
    st.tuples(st.just(scored), st.fixed_dictionaries({"customer_id": WHO, "days": DAYS})),
    st.tuples(st.just(heard_of), st.fixed_dictionaries({"customer_id": WHO, "days": DAYS})),
    st.tuples(
        st.just(decided),
        st.fixed_dictionaries(
            {"customer_id": WHO, "profiling": st.booleans(), "contact": st.booleans()}
        ),
    ),
    st.tuples(st.just(erased), st.fixed_dictionaries({"customer_id": WHO})),
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deeds=st.lists(DEEDS, max_size=5))
def test_it_says_what_the_ordinary_way_says(store, reader, deeds):
    for number, (deed, given_) in enumerate(deeds):
        unique = {"prediction_id": f"{id(deeds)}-{number}"} if deed is scored else {}
        deed(store, **given_, **unique)
        for customer_id in IDS:
            assert reader.read(customer_id) == ordinary(store, customer_id)


def test_what_another_process_has_committed_is_seen_at_once(store, reader, tmp_path):
    scored(store)
    assert reader.read("c1") == ordinary(store, "c1")
    change = "UPDATE current_scores SET definition = 'other'"
    code = f"import sqlite3; c = sqlite3.connect('s.db'); c.execute({change!r}); c.commit()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert reader.read("c1").definition == "other"


def test_it_reads_while_another_writes(store, reader, tmp_path):
    scored(store)
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE current_scores SET definition = 'not yet'")
    assert reader.read("c1").definition == "d"
    other.execute("COMMIT")
    assert reader.read("c1").definition == "not yet"
    other.close()


def test_who_holds_the_whole_file_is_not_waited_for(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    scored(store)
    reader = current_reader(store.database)
    store.close()
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy):
        reader.read("c1")
    other.close()
    assert reader.read("c1").definition == "d"
    reader.close()


@pytest.fixture
def clock():
    return ManualClock()


class ManualClock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def looking(store, clock):
    """A reader for which time passes only where it is told to."""
    made = CurrentReader(store.database.kind, monotonic=clock)
    yield made
    made.close()


def test_it_looks_which_file_is_there_only_once_in_a_while(store, looking, clock, monkeypatch):
    scored(store)
    looks = []
    identity = store.database.kind.identity
    monkeypatch.setattr(
        type(store.database.kind), "identity", lambda _: looks.append(clock()) or identity()
    )
    assert looking.read("c1") is not None
    opened = len(looks)
    for _ in range(3):
        clock.seconds += RELIED_ON_SECONDS / 4
        assert looking.read("c1") is not None
    assert len(looks) == opened
    clock.seconds += RELIED_ON_SECONDS / 2
    assert looking.read("c1") is not None
    assert len(looks) == opened + 1


def test_it_looks_as_often_as_the_page_of_durability_says():
    assert RELIED_ON_SECONDS == 0.005


def test_a_file_that_is_gone_or_exchanged_is_noticed(store, tmp_path):
    moments = itertools.count(step=2 * RELIED_ON_SECONDS)
    reader = CurrentReader(store.database.kind, monotonic=lambda: next(moments))
    scored(store)
    assert reader.read("c1") is not None
    (tmp_path / "s.db").rename(tmp_path / "aside.db")
    with pytest.raises(StoreUnavailable):
        reader.read("c1")
    assert not (tmp_path / "s.db").exists()
    (tmp_path / "aside.db").rename(tmp_path / "s.db")
    assert reader.read("c1") is not None
    other = open_store(f"sqlite:///{tmp_path}/other.db")
    scored(other, "c2")
    other.close()
    for name in ("s.db", "s.db-wal"):
        (tmp_path / name).unlink()
    (tmp_path / "other.db").rename(tmp_path / "s.db")
    assert reader.read("c1") is None
    assert reader.read("c2") is not None
    reader.close()


def test_it_writes_nothing(store, reader):
    scored(store)
    reader.read("c1")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM current_scores")


def test_postgresql_is_read_the_ordinary_way(request):
    from on_postgres import empty_schema

    store = open_store(empty_schema(request.getfixturevalue("postgres")))
    assert current_reader(store.database) is None
    store.close()
