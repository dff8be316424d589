"""An event loop hands units in and goes on; nobody is told before the commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, select

from ebbtide.store.database import open_database
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from ebbtide.store.writer import Writer

NUMBERS = Table("numbers", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def database(url):
    made = open_database(url, busy_seconds=5.0)
    NUMBERS.metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def writer(database):
    made = Writer(database, wait_seconds=5.0)
    made.start()
    yield made
    made.stop()


def put(number):
    def unit(connection):
        connection.execute(NUMBERS.insert(), {"number": number})
        return number * 10

    return unit


def kept(database):
    with database.read() as connection:
        return sorted(connection.scalars(select(NUMBERS.c.number)))


def test_a_unit_is_told_what_it_returned_when_it_is_committed(database, writer, url):
    other = open_database(url)

    async def ask():
        assert await writer.write_soon(put(1)) == 10
        return kept(other)

    assert asyncio.run(ask()) == [1]
    other.close()


def test_the_loop_goes_on_while_a_unit_is_written(database, writer):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        assert go_on.wait(5)
        return put(0)(connection)

    async def ask():
        first = writer.write_soon(slow)
        await asyncio.to_thread(begun.wait, 5)
        assert not first.done()
        others = [writer.write_soon(put(number)) for number in range(1, 9)]
        go_on.set()
        return await asyncio.gather(first, *others)

    commits = []
    event.listen(database.engine, "commit", commits.append)
    assert asyncio.run(ask()) == [number * 10 for number in range(9)]
    assert len(commits) == 2
    assert kept(database) == list(range(9))


def test_a_unit_that_fails_harms_no_other(database, writer):
    def wrong(connection):
        put(9)(connection)
        raise KeyError("the unit's own")

    async def ask():
        handed = [writer.write_soon(each) for each in (put(1), wrong, put(1), put(2))]
        return await asyncio.gather(*handed, return_exceptions=True)

    good, own, twice, other = asyncio.run(ask())
    assert (good, other) == (10, 20)
    assert [type(own), type(twice)] == [KeyError, StoreUnavailable]
    assert kept(database) == [1, 2]


def test_threads_that_write_by_themselves_share_the_database(database, writer):
    def write(part):
        for number in range(20):
            database.write(put(100 * part + number))

    async def ask():
        for number in range(20):
            assert await writer.write_soon(put(number)) == number * 10

    threads = [threading.Thread(target=write, args=(part,)) for part in (1, 2)]
    for thread in threads:
        thread.start()
    asyncio.run(ask())
    for thread in threads:
        thread.join()
    assert len(kept(database)) == 60


def test_who_stops_waiting_undoes_nothing(database, writer):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        assert go_on.wait(5)
        return put(1)(connection)

    async def ask():
        handed = writer.write_soon(slow)
        await asyncio.to_thread(begun.wait, 5)
        handed.cancel()
        go_on.set()
        return await writer.write_soon(put(2))

    assert asyncio.run(ask()) == 20
    assert kept(database) == [1, 2]


def test_a_store_that_another_process_holds_is_busy_in_time(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db", busy_seconds=0.2)
    NUMBERS.metadata.create_all(database.engine)
    writer = Writer(database, wait_seconds=0.2)
    other = sqlite3.connect(tmp_path / "d.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def ask():
        first = writer.write_soon(put(1))
        await asyncio.sleep(0.05)
        later = [writer.write_soon(put(number)) for number in (2, 3)]
        async with asyncio.timeout(30):
            return await asyncio.gather(first, *later, return_exceptions=True)

    errors = asyncio.run(ask())
    assert [type(each) for each in errors] == [StoreBusy] * 3
    other.rollback()
    other.close()

    async def ask_again():
        return await writer.write_soon(put(4))

    assert asyncio.run(ask_again()) == 40
    assert kept(database) == [4]
    writer.stop()
    database.close()


def test_a_disk_that_hangs_keeps_nobody_waiting_and_nobody_is_told_what_is_not_known(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db", busy_seconds=0.1)
    NUMBERS.metadata.create_all(database.engine)
    writer = Writer(database, wait_seconds=0.5)
    taken, go_on = threading.Event(), threading.Event()

    def hang(connection):
        taken.set()
        assert go_on.wait(30)
        return put(0)(connection)

    async def ask():
        handed = [writer.write_soon(hang)]
        assert await asyncio.to_thread(taken.wait, 30)
        handed.append(writer.write_soon(put(1)))
        return await asyncio.gather(*handed, return_exceptions=True)

    begun, withdrawn = asyncio.run(ask())
    assert [type(begun), type(withdrawn)] == [StoreOutcomeUnknown, StoreBusy]
    assert "not known whether" in str(begun)
    go_on.set()
    writer.stop()
    assert kept(database) == [0]  # what was withdrawn is not written afterwards
    database.close()


def test_what_is_no_error_of_a_unit_ends_neither_the_thread_nor_who_comes_later(database, writer):
    class Ended(BaseException):
        pass

    def ending(_connection):
        raise Ended

    async def ask():
        first = [writer.write_soon(each) for each in (put(1), ending)]
        found = await asyncio.gather(*first, return_exceptions=True)
        return found, await asyncio.wait_for(writer.write_soon(put(2)), timeout=5)

    found, later = asyncio.run(ask())
    assert [type(each) for each in found] == [StoreUnavailable] * 2
    assert later == 20
    assert kept(database) == [2]


def test_what_was_handed_in_before_the_end_is_committed(database):
    writer = Writer(database, wait_seconds=5.0)

    async def ask():
        handed = [writer.write_soon(put(number)) for number in range(5)]
        writer.stop()
        with pytest.raises(StoreUnavailable):
            writer.write_soon(put(9))
        return await asyncio.gather(*handed)

    assert asyncio.run(ask()) == [0, 10, 20, 30, 40]
    assert kept(database) == [0, 1, 2, 3, 4]


def test_a_file_that_is_gone_acknowledges_nothing(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)
    writer = Writer(database, wait_seconds=5.0)

    async def ask(number):
        return await writer.write_soon(put(number))

    assert asyncio.run(ask(1)) == 10
    (tmp_path / "d.db").rename(tmp_path / "aside.db")
    with pytest.raises(StoreUnavailable):
        asyncio.run(ask(2))
    (tmp_path / "aside.db").rename(tmp_path / "d.db")
    assert asyncio.run(ask(3)) == 30
    assert kept(database) == [1, 3]
    writer.stop()
    database.close()
