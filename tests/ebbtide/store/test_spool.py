"""What is in the spool comes out once, in order, also after a crash; what was cut off does not."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from ebbtide.answer.answer import Answer
from ebbtide.store.spool import Spool, SpoolFull, line_of, read_spool
from ebbtide.store.store import Prediction, StoreUnavailable

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ANSWER = Answer(
    prediction_id="0",
    customer_id="c1",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH,
    model_version="m",
    policy_version="p",
    definition="d",
    language="zh",
    churn_probability=0.1 + 0.2,
)
LARGE = 10**6


def entry(number):
    answer = replace(ANSWER, prediction_id=str(number))
    return Prediction(answer=answer, names=("a", "b"), values=np.array([0.1, np.nan]))


def numbers(entries):
    return [each.answer.prediction_id for each in entries]


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool", max_bytes=LARGE)
    yield made
    made.close()


def abandoned(tmp_path, content):
    (tmp_path / "spool").mkdir(exist_ok=True)
    (tmp_path / "spool" / "left.jsonl").write_bytes(content)


def test_entries_come_out_as_they_went_in_and_once(spool, tmp_path):
    spool.add([entry(1), entry(2)])
    spool.add([entry(3)])
    assert spool.waiting == 3
    taken = []
    spool.drain(taken.append, at_once=2)
    assert [numbers(each) for each in taken] == [["1", "2"], ["3"]]
    assert taken[0][0].answer == entry(1).answer
    np.testing.assert_array_equal(taken[0][0].values, [0.1, np.nan])
    assert (spool.waiting, [each.stat().st_size for each in tmp_path.rglob("*.jsonl")]) == (0, [0])
    spool.drain(taken.append, at_once=2)
    assert len(taken) == 2


def test_what_comes_in_meanwhile_stays(spool):
    spool.add([entry(1)])
    spool.drain(lambda _entries: spool.add([entry(2)]), at_once=10)
    assert spool.waiting == 1
    taken = []
    spool.drain(taken.extend, at_once=10)
    assert numbers(taken) == ["2"]


def test_what_is_not_taken_stays(spool):
    def refuse(_entries):
        raise StoreUnavailable("take it")

    spool.add([entry(1)])
    with pytest.raises(StoreUnavailable):
        spool.drain(refuse, at_once=10)
    taken = []
    spool.drain(taken.extend, at_once=10)
    assert numbers(taken) == ["1"]


def test_a_full_spool_takes_nothing_more(tmp_path):
    size = len(line_of(entry(1)))
    spool = Spool(tmp_path / "spool", max_bytes=2 * size)
    spool.add([entry(1)])
    with pytest.raises(SpoolFull):
        spool.add([entry(2), entry(3)])
    spool.add([entry(4)])
    taken = []
    spool.drain(taken.extend, at_once=10)
    assert numbers(taken) == ["1", "4"]
    spool.add([entry(5)])
    spool.close()


def test_a_disk_that_fails_leaves_no_half_line(spool, tmp_path, monkeypatch):
    spool.add([entry(1)])
    monkeypatch.setattr(os, "fsync", _refuse)
    with pytest.raises(StoreUnavailable):
        spool.add([entry(2)])
    monkeypatch.undo()
    spool.add([entry(3)])
    (path,) = tmp_path.rglob("*.jsonl")
    assert numbers(read_spool(path.read_bytes())[0]) == ["1", "3"]


def _refuse(_descriptor):
    raise OSError("disk I/O error")


def test_entries_are_synced_before_they_are_acknowledged(spool, monkeypatch):
    calls = []
    write, sync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda *given: calls.append("write") or write(*given))
    monkeypatch.setattr(os, "fsync", lambda *given: calls.append("sync") or sync(*given))
    spool.add([entry(1)])
    assert calls[-2:] == ["write", "sync"]


def test_what_a_process_left_that_is_gone_is_taken_over_without_its_torn_end(spool, tmp_path):
    whole = line_of(entry(1)) + line_of(entry(2))
    abandoned(tmp_path, whole + line_of(entry(3))[:-7])
    taken = []
    assert spool.take_over(taken.extend, at_once=10) == 0
    assert numbers(taken) == ["1", "2"]
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_damaged_line_is_told_and_harms_no_other(spool, tmp_path):
    damaged = line_of(entry(2)).replace(b'"c1"', b'"c2"')
    abandoned(tmp_path, line_of(entry(1)) + damaged + line_of(entry(3)))
    taken = []
    assert spool.take_over(taken.extend, at_once=10) == 1
    assert numbers(taken) == ["1", "3"]


def test_the_file_of_a_process_that_lives_is_left_alone(spool, tmp_path):
    other = Spool(tmp_path / "spool", max_bytes=LARGE)
    other.add([entry(1)])
    assert spool.take_over(_refuse, at_once=10) == 0
    assert other.waiting == 1
    other.close()
    taken = []
    spool.take_over(taken.extend, at_once=10)
    assert numbers(taken) == ["1"]


def test_what_cannot_be_taken_over_yet_stays(spool, tmp_path):
    abandoned(tmp_path, line_of(entry(1)))
    with pytest.raises(OSError, match="disk"):
        spool.take_over(_refuse, at_once=10)
    taken = []
    spool.take_over(taken.extend, at_once=10)
    assert numbers(taken) == ["1"]


def test_only_its_owner_may_read_the_file(spool, tmp_path):
    spool.add([entry(1)])
    (path,) = tmp_path.rglob("*.jsonl")
    assert path.stat().st_mode & 0o077 == 0
