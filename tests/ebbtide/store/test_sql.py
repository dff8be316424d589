"""Every store through the same checks; then what only a database must hold."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from sqlalchemy import event

from ebbtide.answer.answer import Answer
from ebbtide.errors import ContractError, SettingsError
from ebbtide.reasons import Reason
from ebbtide.store import snapshots
from ebbtide.store.sql import open_store
from ebbtide.store.store import Basis, Prediction, StoreBusy, StoreUnavailable

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)

BASIS = Basis(catalogue_version="abc", definition="inactivity-90d-1", lookback_days=365)
ANSWER = Answer(
    prediction_id="0" * 32,
    customer_id="c1",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH + timedelta(microseconds=7),
    valid_until=APRIL,
    model_version="m",
    policy_version="p",
    definition="d",
    language="zh",
    churn_probability=0.1 + 0.2,
    reasons=(
        Reason(
            feature="f",
            family="f",
            cause="disengagement",
            contribution=0.1,
            value=None,
            typical=1.0,
            text="未购买",
        ),
    ),
)


def frame(customer_ids, as_of, **columns) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customer_ids, "as_of": as_of, **columns})


def prediction(**changes) -> Prediction:
    return Prediction(
        answer=replace(ANSWER, **changes), names=("a", "b"), values=np.array([1.0, np.nan])
    )


def test_the_newest_snapshot_until_an_instant_is_found(store):
    assert store.publish_snapshots(frame(["c1", "c2"], MARCH, a=[1.0, 2.0]), basis=BASIS) == 2
    assert store.publish_snapshots(frame(["c1"], APRIL, b=[3.0], a=[None]), basis=BASIS) == 1
    in_march = store.newest_snapshots(["c1", "c2", "c3"], until=APRIL - timedelta(seconds=1))
    assert {c: s.values.tolist() for c, s in in_march.items()} == {"c1": [1.0], "c2": [2.0]}
    newest = store.newest_snapshots(["c1"], until=APRIL)["c1"]
    assert (newest.as_of, newest.names) == (APRIL, ("b", "a"))
    assert newest.values[0] == 3.0
    assert np.isnan(newest.values[1])
    assert store.newest_snapshots(["c1"], until=MARCH - timedelta(seconds=1)) == {}
    assert store.newest_snapshots([], until=APRIL) == {}


def test_publishing_again_replaces(store):
    for value in (1.0, 2.0):
        store.publish_snapshots(frame(["c1"], MARCH, a=[value]), basis=BASIS)
    assert store.newest_snapshots(["c1"], until=APRIL)["c1"].values.tolist() == [2.0]


def test_an_instant_keeps_its_meaning_in_any_zone(store):
    shanghai = pd.Timestamp("2026-03-01T08:00:00", tz="Asia/Shanghai")
    store.publish_snapshots(frame(["c1"], shanghai, a=[1.0]), basis=BASIS)
    assert store.newest_snapshots(["c1"], until=MARCH)["c1"].as_of == MARCH


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (pd.DataFrame({"customer_id": ["c1"], "a": [1.0]}), "'as_of'"),
        (frame(["c1"], datetime(2026, 3, 1), a=[1.0]), "with a time zone"),  # noqa: DTZ001
        (frame(["c1", "c1"], MARCH, a=[1.0, 2.0]), "each customer once"),
    ],
)
def test_a_wrong_frame_is_refused(store, broken, message):
    with pytest.raises(ContractError, match=message):
        store.publish_snapshots(broken, basis=BASIS)


def test_an_empty_frame_is_fine(store):
    assert store.publish_snapshots(frame(["c1"], MARCH, a=[1.0]).iloc[:0], basis=BASIS) == 0


def test_answers_come_back_as_they_were_given(store):
    later = prediction(prediction_id="1" * 32, scored_at=APRIL, status="abstained")
    store.record_predictions([prediction(), later])
    store.record_predictions([])
    assert list(store.predictions_of("c1")) == [later.answer, ANSWER]
    assert list(store.predictions_of("c2")) == []


def test_many_threads_may_write_at_once(store):
    def write(part: int) -> None:
        for number in range(10):
            store.record_predictions([prediction(prediction_id=f"{part}-{number}")])

    threads = [threading.Thread(target=write, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.predictions_of("c1")) == 40


def test_a_healthy_store_answers(store):
    store.check()


def test_a_request_is_recorded_whole_or_not_at_all(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    store.record_predictions([prediction()])
    with pytest.raises(StoreUnavailable, match="Nothing was acknowledged"):
        store.record_predictions([prediction(prediction_id="2" * 32), prediction()])
    assert len(store.predictions_of("c1")) == 1
    store.close()


def test_what_was_written_is_there_after_opening_again(tmp_path):
    url = f"sqlite:///{tmp_path}/deep/s.db"
    first = open_store(url)
    first.record_predictions([prediction()])
    first.publish_snapshots(frame(["c1"], MARCH, a=[1.0]), basis=BASIS)
    first.close()
    second = open_store(url)
    assert list(second.predictions_of("c1")) == [ANSWER]
    assert second.newest_snapshots(["c1"], until=MARCH)["c1"].names == ("a",)
    second.close()


def test_sqlite_commits_durably(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with store.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_a_connection_to_sqlite_keeps_a_megabyte_of_pages(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with store.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -1000
    store.close()


def test_a_damaged_database_is_unavailable_not_a_crash(tmp_path):
    (tmp_path / "s.db").write_bytes(b"no database " * 1000)
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/s.db")


@pytest.mark.parametrize("url", ["no url", "mysql://host/name", "oracle://x", "sqlite+nope:///x"])
def test_a_wrong_url_is_the_operators_to_mend(url):
    with pytest.raises(SettingsError, match="database URL"):
        open_store(url)


def test_twenty_thousand_snapshots_are_written_in_a_moment(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    ids = [f"c{number}" for number in range(20_000)]
    columns = {f"f{number}": np.arange(20_000.0) for number in range(40)}
    began = time.perf_counter()
    store.publish_snapshots(frame(ids, MARCH, **columns), basis=BASIS)
    assert time.perf_counter() - began < 10
    with sqlite3.connect(tmp_path / "s.db") as connection:
        assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (20_000,)
    connection.close()
    store.close()


def test_a_snapshot_says_what_it_was_computed_with(store):
    other = dataclasses.replace(BASIS, lookback_days=30)
    store.publish_snapshots(frame(["c1", "c2"], MARCH, a=[1.0, 2.0]), basis=BASIS)
    store.publish_snapshots(frame(["c2"], MARCH, a=[3.0]), basis=other)
    found = store.newest_snapshots(["c1", "c2"], until=APRIL)
    assert {c: (s.basis, s.values[0]) for c, s in found.items()} == {
        "c1": (BASIS, 1.0),
        "c2": (other, 3.0),
    }


def test_snapshots_from_before_the_basis_was_kept_have_none(tmp_path):
    with sqlite3.connect(tmp_path / "s.db") as old:
        old.executescript("""
            CREATE TABLE feature_sets (id VARCHAR(16) PRIMARY KEY, names TEXT NOT NULL);
            CREATE TABLE snapshots (customer_id VARCHAR(128), as_of DATETIME,
                feature_set_id VARCHAR(16), feature_values BLOB, PRIMARY KEY (customer_id, as_of));
            INSERT INTO feature_sets VALUES ('f', '["a"]');
            INSERT INTO snapshots VALUES ('c1', '2026-03-01 00:00:00.000000', 'f', zeroblob(8));
        """)
    old.close()
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    found = store.newest_snapshots(["c1"], until=APRIL)["c1"]
    assert (found.names, found.basis) == (("a",), None)
    store.publish_snapshots(frame(["c1"], MARCH, a=[1.0]), basis=BASIS)
    assert store.newest_snapshots(["c1"], until=APRIL)["c1"].basis == BASIS
    store.close()


@pytest.fixture
def hurried(tmp_path):
    """A store that waits for others who write for a tenth of a second."""
    made = open_store(f"sqlite:///{tmp_path}/s.db", busy_seconds=0.1)
    yield made
    made.close()


def test_who_waits_too_long_for_another_process_is_told_so(hurried, tmp_path):
    other = sqlite3.connect(tmp_path / "s.db")
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    with pytest.raises(StoreBusy, match=r"busy for 0\.1 seconds"):
        hurried.record_predictions([prediction()])
    assert time.perf_counter() - began < 5
    other.rollback()
    other.close()
    hurried.record_predictions([prediction()])
    assert len(hurried.predictions_of("c1")) == 1


def test_snapshots_are_published_part_by_part(hurried, monkeypatch):
    monkeypatch.setattr(snapshots, "_PUBLISHED_AT_ONCE", 2)
    commits = []
    event.listen(hurried.database.engine, "commit", commits.append)
    ids = [f"c{number}" for number in range(5)]
    assert hurried.publish_snapshots(frame(ids, MARCH, a=range(5)), basis=BASIS) == 5
    assert len(commits) == 3
    assert len(hurried.newest_snapshots(ids, until=APRIL)) == 5
