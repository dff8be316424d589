"""What is logged of errors of the database: their names, and not once for each request."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import DBAPIError

from ebbtide.store import failures
from ebbtide.store.failures import Tally, note


def failed(name):
    original = sqlite3.OperationalError("canary")
    original.sqlite_errorname = name
    return DBAPIError("INSERT canary", None, original)


@pytest.fixture
def clock(monkeypatch):
    """What time it is, to be set."""
    present = [100.0]
    monkeypatch.setattr(failures, "_TALLY", Tally(seconds=1.0))
    monkeypatch.setattr(failures, "monotonic", lambda: present[0])
    return present


def test_an_error_is_told_at_once_and_then_once_a_second_with_its_count(clock, caplog):
    for _ in range(1000):
        note(failed("SQLITE_CANTOPEN"))
    note(failed("SQLITE_FULL"))
    clock[0] += 1
    note(failed("SQLITE_CANTOPEN"))
    assert [record.getMessage() for record in caplog.records] == [
        "store failed: error=SQLITE_CANTOPEN times=1",
        "store failed: error=SQLITE_FULL times=1",
        "store failed: error=SQLITE_CANTOPEN times=1000",
    ]


def test_what_is_no_error_of_the_database_is_not_told(clock, caplog):
    note(ValueError("canary"))
    assert caplog.records == []


def test_none_is_lost_among_threads():
    tally = Tally(seconds=0.001)
    with ThreadPoolExecutor(4) as threads:
        told = sum(threads.map(lambda n: tally.count("SQLITE_FULL", now=n / 1e5), range(4000)))
    assert told + tally.count("SQLITE_FULL", now=1.0) == 4001
