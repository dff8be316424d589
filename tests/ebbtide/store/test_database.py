"""Units that wait together are committed together; one that fails undoes only itself."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, select

from ebbtide.store.database import open_database
from ebbtide.store.store import StoreBusy, StoreUnavailable

NUMBERS = Table("numbers", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def database(tmp_path):
    made = open_database(f"sqlite:///{tmp_path}/d.db", busy_seconds=5.0)
    NUMBERS.metadata.create_all(made.engine)
    yield made
    made.close()


def put(number):
    def unit(connection):
        connection.execute(NUMBERS.insert(), {"number": number})
        return number * 10

    return unit


def kept(database):
    with database.read() as connection:
        return sorted(connection.scalars(select(NUMBERS.c.number)))


def commits_of(database):
    seen = []
    event.listen(database.engine, "commit", seen.append)
    return seen


def test_a_unit_returns_when_it_is_committed(database, tmp_path):
    assert database.write(put(1)) == 10
    with sqlite3.connect(tmp_path / "d.db") as other:
        assert other.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    other.close()


def test_units_that_wait_together_share_one_commit(database):
    commits = commits_of(database)
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        assert go_on.wait(5)
        return put(0)(connection)

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(database.write, slow)
        assert begun.wait(5)
        others = [pool.submit(database.write, put(number)) for number in range(1, 21)]
        while len(database._waiting) < 20:
            threading.Event().wait(0.001)
        go_on.set()
        assert [each.result() for each in [first, *others]] == [n * 10 for n in range(21)]
    assert len(commits) == 2
    assert kept(database) == list(range(21))


def test_a_unit_that_fails_harms_no_other_of_its_group(database):
    database.write(put(3))
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        assert go_on.wait(5)
        return put(0)(connection)

    def wrong(connection):
        put(9)(connection)
        raise KeyError("the unit's own")

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(database.write, slow)
        assert begun.wait(5)
        good = pool.submit(database.write, put(1))
        twice = pool.submit(database.write, put(3))
        own = pool.submit(database.write, wrong)
        while len(database._waiting) < 3:
            threading.Event().wait(0.001)
        go_on.set()
        assert (first.result(), good.result()) == (0, 10)
        with pytest.raises(StoreUnavailable):
            twice.result()
        with pytest.raises(KeyError, match="own"):
            own.result()
    assert kept(database) == [0, 1, 3]


def test_a_unit_that_nobody_began_is_withdrawn_when_its_time_is_over(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db", busy_seconds=0.05)
    NUMBERS.metadata.create_all(database.engine)
    with (
        database._leading,
        pytest.raises(StoreBusy, match=r"could not count: .* for 0\.05"),
    ):
        database.write(put(1), deed="count")
    database.write(put(2))
    assert kept(database) == [2]
    database.close()


def test_a_database_that_fails_at_commit_acknowledges_nothing(database):
    def refuse(_connection):
        raise sqlite3.OperationalError("disk I/O error")

    event.listen(database.engine, "commit", refuse)
    with pytest.raises(sqlite3.OperationalError):
        database.write(put(1))
    event.remove(database.engine, "commit", refuse)
    assert kept(database) == []
    assert database.write(put(2)) == 20


def test_what_is_read_through_one_connection_is_of_one_moment(database):
    database.write(put(1))
    with database.read() as connection:
        before = connection.scalars(select(NUMBERS.c.number)).all()
        database.write(put(2))
        assert connection.scalars(select(NUMBERS.c.number)).all() == before == [1]
    assert kept(database) == [1, 2]
