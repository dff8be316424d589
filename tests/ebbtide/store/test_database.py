"""Units that wait together are committed together; one that fails undoes only itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, event, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from ebbtide.errors import SettingsError
from ebbtide.store import database as groups_of_units
from ebbtide.store.database import open_database
from ebbtide.store.entry import Entry
from ebbtide.store.failures import is_end_unknown
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from on_postgres import empty_schema

NUMBERS = Table("numbers", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def database(url):
    made = open_database(url, busy_seconds=5.0)
    NUMBERS.metadata.create_all(made.engine)
    yield made
    made.close()


def code_of(kind, *, sqlite_errorname):
    error = kind("...")
    error.sqlite_errorname = sqlite_errorname
    return error


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


def test_a_unit_returns_when_it_is_committed(database, url):
    assert database.write(put(1)) == 10
    other = open_database(url)
    assert kept(other) == [1]
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


def test_a_unit_that_nobody_began_is_withdrawn_when_its_time_is_over(url):
    database = open_database(url, busy_seconds=0.1)
    NUMBERS.metadata.create_all(database.engine)
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        put(1)(connection)
        begun.set()
        assert go_on.wait(5)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(database.write, slow)
        assert begun.wait(5)
        with pytest.raises(StoreBusy, match=r"could not count: .* for 0\.1"):
            database.write(put(2), deed="count")
        go_on.set()
        first.result()
    database.write(put(3))
    assert kept(database) == [1, 3]
    database.close()


def test_another_process_is_waited_for_no_longer_than_said(url):
    other = open_database(url)
    database = open_database(url, busy_seconds=0.2)
    NUMBERS.metadata.create_all(database.engine)

    def write_meanwhile(_connection):
        with ThreadPoolExecutor(4) as pool:
            began = monotonic()
            waiting = [pool.submit(database.write, put(number)) for number in range(4)]
            errors = [each.exception() for each in waiting]
            return errors, monotonic() - began

    errors, seconds = other.write(write_meanwhile)
    assert [type(each) for each in errors] == [StoreBusy] * 4
    assert 0.15 < seconds < 4.5  # the patience of SQLite itself is 5
    assert database.write(put(7)) == 70
    assert kept(database) == [7]
    database.close()
    other.close()


def test_a_unit_that_writes_in_a_unit_is_a_mistake_that_is_told(database):
    with pytest.raises(AssertionError, match="must not call write"):
        database.write(lambda _connection: database.write(put(1)))


def test_text_that_a_database_cannot_hold_harms_only_its_own_unit(database):
    words = Table("words", MetaData(), Column("word", Text))
    words.metadata.create_all(database.engine)

    def say(word):
        return lambda connection: connection.execute(words.insert(), {"word": word}) and None

    def first(connection):
        say("fine")(connection)
        begun.set()
        assert go_on.wait(5)

    begun, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        leading = pool.submit(database.write, first)
        assert begun.wait(5)
        bad = [pool.submit(database.write, say(word)) for word in ("\ud800", "n\x00l")]
        good = pool.submit(database.write, say("good"))
        go_on.set()
        leading.result()
        good.result()
        assert isinstance(bad[0].exception(), UnicodeEncodeError)
        bad[1].exception()
    with database.read() as connection:
        assert {"fine", "good"} <= set(connection.scalars(select(words.c.word)))


def test_a_database_that_fails_at_commit_acknowledges_nothing(database):
    full = code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_FULL")

    def refuse(_connection):
        raise DBAPIError("COMMIT", None, full)

    event.listen(database.engine, "commit", refuse)
    with pytest.raises(StoreUnavailable) as caught:
        database.write(put(1))
    assert type(caught.value) is StoreUnavailable  # the database says that it is not done
    event.remove(database.engine, "commit", refuse)
    assert kept(database) == []
    assert database.write(put(2)) == 20
    assert kept(database) == [2]


def test_what_is_read_through_one_connection_is_of_one_moment(database):
    database.write(put(1))
    with database.read() as connection:
        before = connection.scalars(select(NUMBERS.c.number)).all()
        database.write(put(2))
        assert connection.scalars(select(NUMBERS.c.number)).all() == before == [1]
    assert kept(database) == [1, 2]


def test_a_file_that_is_gone_takes_nothing_more_and_is_not_made_anew(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)
    database.write(put(1))
    (tmp_path / "d.db").rename(tmp_path / "aside.db")
    with pytest.raises(StoreUnavailable):
        database.write(put(2))
    with pytest.raises(StoreUnavailable):
        kept(database)
    assert not (tmp_path / "d.db").exists()
    (tmp_path / "aside.db").rename(tmp_path / "d.db")
    database.write(put(3))
    assert kept(database) == [1, 3]
    database.close()


@pytest.mark.parametrize("gone", ["d.db", "d.db-wal"])
def test_a_file_that_goes_during_a_commit_has_it_not_acknowledged(tmp_path, gone):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)

    def unit(connection):
        put(1)(connection)
        (tmp_path / gone).unlink()

    with pytest.raises(StoreUnavailable):
        database.write(unit)
    database.close()


def test_another_file_under_the_name_is_opened_anew(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    other = open_database(f"sqlite:///{tmp_path}/other.db")
    for each, number in ((database, 1), (other, 2)):
        NUMBERS.metadata.create_all(each.engine)
        each.write(put(number))
    other.close()
    (tmp_path / "d.db").unlink()
    (tmp_path / "d.db-wal").unlink()
    (tmp_path / "other.db").rename(tmp_path / "d.db")
    assert kept(database) == [2]
    database.write(put(3))
    assert kept(database) == [2, 3]
    database.close()


@pytest.mark.parametrize("place", ["sqlite://", "sqlite:///:memory:", "sqlite:///s.db?cache=x"])
def test_a_database_that_is_no_file_is_refused(place):
    with pytest.raises(SettingsError, match="names a file"):
        open_database(place)


def test_a_wrong_url_is_not_repeated():
    with pytest.raises(SettingsError) as caught:
        open_database("postgresql://someone:secret@host:port/name")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_lost_connection_acknowledges_nothing_of_its_group(postgres):
    database = open_database(empty_schema(postgres))
    NUMBERS.metadata.create_all(database.engine)
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        put(0)(connection)
        begun.set()
        assert go_on.wait(5)

    def lose(connection):
        with psycopg.connect(postgres, autocommit=True) as other:
            mine = connection.scalar(text("SELECT pg_backend_pid()"))
            other.execute("SELECT pg_terminate_backend(%s, 1000)", (mine,))
        put(9)(connection)

    with ThreadPoolExecutor(4) as pool:
        leading = pool.submit(database.write, slow)
        assert begun.wait(5)
        units = [put(1), lose, put(2)]
        group = []
        for unit in units:
            group.append(pool.submit(database.write, unit))
            while len(database._waiting) < len(group):
                threading.Event().wait(0.001)
        go_on.set()
        leading.result()
        assert [type(each.exception()) for each in group] == [StoreUnavailable] * 3
    assert kept(database) == [0]
    assert database.write(put(3)) == 30
    database.close()


def test_a_reset_of_the_server_settings_leaves_commits_durable(postgres):
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("ALTER DATABASE postgres SET synchronous_commit = off")
    try:
        database = open_database(empty_schema(postgres))
        with database.read() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == "on"
        database.close()
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("ALTER DATABASE postgres RESET synchronous_commit")


COUNT_UP = """
import sys
from sqlalchemy import text
from ebbtide.store.database import open_database
database = open_database(sys.argv[1], busy_seconds=30)
def unit(connection):
    before = connection.scalar(text("SELECT max(number) FROM numbers"))
    connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": before + 1})
for _ in range(30):
    database.write(unit)
database.close()
"""


def test_what_a_unit_has_read_is_still_so_when_it_writes(database, url):
    database.write(put(0))
    processes = [subprocess.Popen([sys.executable, "-c", COUNT_UP, url]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert kept(database) == list(range(61))


def test_a_unit_that_is_alone_and_fails_leaves_nothing(database):
    commits = commits_of(database)

    def wrong(connection):
        put(1)(connection)
        raise KeyError("the unit's own")

    with pytest.raises(KeyError, match="own"):
        database.write(wrong)
    assert not database.last_write_failed  # the database has not failed
    assert database.write(put(2)) == 20
    assert kept(database) == [2]
    assert len(commits) == 1


def test_units_that_are_handed_in_together_are_told_apart(database):
    database.write(put(1))
    commits = commits_of(database)
    entries = [Entry(put(number), "count", ends_at=monotonic() + 5.0) for number in (2, 1, 3)]
    database.write_all(entries)
    assert [entries[0].result(), entries[2].result()] == [20, 30]
    with pytest.raises(StoreUnavailable, match="could not count"):
        entries[1].result()
    assert kept(database) == [1, 2, 3]
    assert len(commits) == 1


def test_a_unit_alone_on_a_lost_connection_is_not_acknowledged(postgres):
    database = open_database(empty_schema(postgres))
    NUMBERS.metadata.create_all(database.engine)

    def lose(connection):
        put(1)(connection)
        with psycopg.connect(postgres, autocommit=True) as other:
            mine = connection.scalar(text("SELECT pg_backend_pid()"))
            other.execute("SELECT pg_terminate_backend(%s, 1000)", (mine,))
        put(9)(connection)

    with pytest.raises(StoreUnavailable):
        database.write(lose)
    assert database.write(put(2)) == 20
    assert kept(database) == [2]
    database.close()


def connections_of(database):
    """Return the driver's connections of groups, one for each group."""
    seen = []

    def unit(connection):
        seen.append(connection.connection.dbapi_connection)

    return seen, unit


def test_groups_share_a_connection_until_one_fails(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    seen, unit = connections_of(database)
    database.write(unit)
    other = threading.Thread(target=database.write, args=(unit,))
    other.start()
    other.join()
    database.write(unit)
    database.write_all([Entry(unit, "", ends_at=monotonic() + 5.0)])
    assert len({id(each) for each in seen}) == 1

    @event.listens_for(database.engine, "commit", once=True)
    def fail(_connection):
        raise StoreUnavailable("commit")

    with pytest.raises(StoreUnavailable):
        database.write(unit)
    database.write(unit)
    assert seen[-1] is not seen[0]
    database.close()


def test_a_closed_database_leaves_no_log_behind(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)
    database.write(put(1))
    assert (tmp_path / "d.db-wal").exists()
    database.close()
    assert not (tmp_path / "d.db-wal").exists()


class Ended(BaseException):
    """As when a process is told to end in the middle."""


def test_what_ends_a_unit_hands_the_lead_over_and_withdraws_the_rest(database, monkeypatch):
    monkeypatch.setattr(groups_of_units, "_AT_ONCE", 1)

    def ending(_connection):
        raise Ended

    entries = [Entry(unit, "count", ends_at=monotonic() + 5.0) for unit in (ending, put(1), put(2))]
    with pytest.raises(Ended):
        database.write_all(entries)
    for entry in entries:
        with pytest.raises(StoreUnavailable, match="could not count"):
            entry.result()
    assert database.write(put(3), wait_seconds=1.0) == 30
    assert kept(database) == [3]


def test_a_unit_of_which_nothing_is_known_yet_says_so():
    with pytest.raises(StoreOutcomeUnknown, match="not known whether the store could count"):
        Entry(put(1), "count", ends_at=0.0).result()


def test_who_is_in_a_group_of_a_thread_that_hangs_is_told_that_nobody_knows(url):
    database = open_database(url, busy_seconds=0.2)
    NUMBERS.metadata.create_all(database.engine)
    begun, come, hangs, go_on = (threading.Event() for _ in range(4))

    def holding(_connection):
        begun.set()
        assert come.wait(5)

    def hang(_connection):
        hangs.set()
        assert go_on.wait(5)

    def leading(connection):
        event.listen(database.engine, "commit", hang, once=True)
        return put(1)(connection)

    def wrong(_connection):
        raise KeyError("for what the group has written before")

    handed = []
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(database.write, holding)
        assert begun.wait(5)
        for unit in (leading, put(2), wrong):
            handed.append(pool.submit(database.write, unit, deed="count", wait_seconds=0.5))
            while len(database._waiting) < len(handed):
                sleep(0.001)
        come.set()
        first.result(5)
        try:
            assert hangs.wait(5)
            with pytest.raises(StoreBusy):
                pool.submit(database.write, put(4)).result(5)
            for member in handed[1:]:
                with pytest.raises(StoreOutcomeUnknown, match="could count"):
                    member.result(5)
            assert not handed[0].done()  # who leads waits for the disk
        finally:
            go_on.set()
        assert handed[0].result(5) == 10
    assert database.write(put(3)) == 30
    assert kept(database) == [1, 2, 3]  # what is acknowledged later was committed later
    database.close()


def test_a_connection_that_is_lost_during_the_commit_leaves_open_what_became_of_it(postgres):
    database = open_database(empty_schema(postgres))
    NUMBERS.metadata.create_all(database.engine)

    def unit(connection):
        put(1)(connection)
        mine = connection.scalar(text("SELECT pg_backend_pid()"))

        @event.listens_for(database.engine, "commit", once=True)
        def lose(_connection):
            with psycopg.connect(postgres, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 1000)", (mine,))

    with pytest.raises(StoreOutcomeUnknown, match="could count"):
        database.write(unit, deed="count")
    assert database.write(put(2)) == 20
    database.close()


def test_a_file_that_loses_its_name_during_a_commit_leaves_open_what_became_of_it(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)

    def unit(connection):
        put(1)(connection)
        (tmp_path / "d.db").rename(tmp_path / "aside.db")

    with pytest.raises(StoreOutcomeUnknown):
        database.write(unit)
    (tmp_path / "aside.db").rename(tmp_path / "d.db")
    assert kept(database) == [1]
    database.close()


@pytest.mark.parametrize(
    ("error", "is_open"),
    [
        (code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_FULL"), False),
        (code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_BUSY"), False),
        (code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_IOERR_WRITE"), False),
        (code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_IOERR_FSYNC"), True),
        (psycopg.errors.SerializationFailure(), False),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
    ],
    ids=lambda each: getattr(each, "sqlite_errorname", type(each).__name__),
)
def test_who_refuses_a_commit_has_undone_it_and_who_is_cut_off_says_nothing(error, is_open):
    assert is_end_unknown(DBAPIError("COMMIT", None, error)) is is_open


@pytest.mark.parametrize(
    "error", [OSError("the disk"), PendingRollbackError("..."), StoreUnavailable("commit")]
)
def test_what_is_no_refusal_of_the_database_leaves_open_what_became_of_a_commit(database, error):
    @event.listens_for(database.engine, "commit", once=True)
    def fail(_connection):
        raise error

    with pytest.raises(StoreOutcomeUnknown, match="could count") as caught:
        database.write(put(1), deed="count")
    assert caught.value.__cause__ is error
    assert database.failed_writes == 1


def test_no_error_behind_a_commit_says_that_it_was_not_done(database, monkeypatch):
    full = code_of(sqlite3.OperationalError, sqlite_errorname="SQLITE_FULL")

    def failing(_connection):
        raise DBAPIError("SELECT", None, full)

    monkeypatch.setattr(database.kind, "is_kept", failing)
    with pytest.raises(StoreOutcomeUnknown):
        database.write(put(1))
    assert kept(database) == [1]


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"taken/d.db', which cannot be opened") as raised:
        open_database(f"sqlite:///{tmp_path}/taken/d.db")
    assert "try again" not in str(raised.value)


def test_a_folder_that_cannot_be_looked_into_leaves_open_what_is_in_it(tmp_path, monkeypatch):
    database = open_database(f"sqlite:///{tmp_path}/d.db")
    NUMBERS.metadata.create_all(database.engine)

    def failing(_path):
        raise PermissionError

    monkeypatch.setattr(type(tmp_path), "exists", failing)
    with pytest.raises(StoreOutcomeUnknown) as caught:
        database.write(put(1))
    assert isinstance(caught.value.__cause__, StoreUnavailable)
    assert kept(database) == [1]
    database.close()
