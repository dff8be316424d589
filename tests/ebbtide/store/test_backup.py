"""A copy is of one moment, whole and checked; a store is replaced whole or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select, text
from typer.testing import CliRunner

from ebbtide.cli import build_app
from ebbtide.errors import ContractError, NotReady, SettingsError
from ebbtide.project import load_project
from ebbtide.store import backup
from ebbtide.store.audit import newest_deeds, record_deed, verify
from ebbtide.store.backup import back_up, restore
from ebbtide.store.database import open_database
from ebbtide.store.settling import carry_over, settle
from ebbtide.store.sql import open_store
from ebbtide.store.store import StoreBusy, StoreUnavailable

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
NUMBERS = Table("numbers", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def database(tmp_path):
    made = open_database(f"sqlite:///{tmp_path}/s.db")
    NUMBERS.metadata.create_all(made.engine)
    yield made
    made.close()


def put(database, number):
    database.write(
        lambda connection: connection.execute(NUMBERS.insert(), {"number": number}) and None
    )


def numbers(database):
    with database.read() as connection:
        return sorted(connection.scalars(select(NUMBERS.c.number)))


def leave_as_it_is(_copy):
    pass


def test_a_backup_comes_back(database, tmp_path):
    put(database, 1)
    made = back_up(database, to=tmp_path / "b.db")
    content = (tmp_path / "b.db").read_bytes()
    assert (made.size_bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "b.db.sha256").read_text() == f"{made.sha256}  b.db\n"
    assert (tmp_path / "b.db").stat().st_mode & 0o077 == 0
    put(database, 2)
    restore(database, source=tmp_path / "b.db", settle=leave_as_it_is, force=True)
    assert numbers(database) == [1]
    put(database, 3)
    assert numbers(database) == [1, 3]
    assert {each.name for each in tmp_path.iterdir()} <= {
        "s.db", "s.db-wal", "s.db-shm", "b.db", "b.db.sha256"
    }  # fmt: skip


def test_a_backup_during_writes_is_of_one_moment_and_holds_up_nobody(database, tmp_path):
    ended = threading.Event()

    def write_on():
        number = 0
        while not ended.is_set():
            put(database, number := number + 1)

    writer = threading.Thread(target=write_on)
    writer.start()
    for turn in range(5):
        back_up(database, to=tmp_path / f"{turn}.db")
    ended.set()
    writer.join()
    counts = []
    for turn in range(5):
        copy = open_database(f"sqlite:///{tmp_path}/{turn}.db")
        counts.append(numbers(copy))
        copy.close()
    assert all(each == list(range(1, len(each) + 1)) for each in counts)
    assert len(counts[0]) <= len(counts[-1]) <= len(numbers(database))


def test_a_store_that_is_closed_can_be_copied(database, tmp_path):
    put(database, 1)
    database.close()
    back_up(open_database(f"sqlite:///{tmp_path}/s.db"), to=tmp_path / "b.db")
    copy = open_database(f"sqlite:///{tmp_path}/b.db")
    assert numbers(copy) == [1]
    copy.close()


def test_a_backup_overwrites_only_when_told(database, tmp_path):
    (tmp_path / "b.db").write_text("mine")
    with pytest.raises(SettingsError, match="already there"):
        back_up(database, to=tmp_path / "b.db")
    assert (tmp_path / "b.db").read_text() == "mine"
    back_up(database, to=tmp_path / "b.db", force=True)
    assert (tmp_path / "b.db").stat().st_size > 4096


@pytest.mark.parametrize("name", ["s.db", "s.db-wal"])
def test_a_backup_never_overwrites_the_store(database, tmp_path, name):
    put(database, 1)
    with pytest.raises(SettingsError, match="than the store itself"):
        back_up(database, to=tmp_path / name, force=True)
    assert numbers(database) == [1]


def test_a_store_that_holds_something_is_replaced_only_when_told(database, tmp_path):
    back_up(database, to=tmp_path / "b.db")
    with pytest.raises(SettingsError, match="holds something"):
        restore(database, source=tmp_path / "b.db", settle=leave_as_it_is)
    new = open_database(f"sqlite:///{tmp_path}/new.db")
    restore(new, source=tmp_path / "b.db", settle=leave_as_it_is)
    assert numbers(new) == []
    new.close()


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (lambda b, _s: b.write_bytes(b.read_bytes()[:-1] + b"x"), ContractError),
        (lambda b, _s: b.write_bytes(b.read_bytes()[:-4096]), ContractError),
        (lambda _b, s: s.write_text("0" * 64), ContractError),
        (lambda _b, s: s.unlink(), NotReady),
        (lambda b, _s: b.unlink(), NotReady),
    ],
    ids=["changed", "cut off", "other sum", "no sum", "no file"],
)
def test_a_damaged_backup_is_refused_and_the_store_stays(database, tmp_path, harm, error):
    put(database, 1)
    back_up(database, to=tmp_path / "b.db")
    harm(tmp_path / "b.db", tmp_path / "b.db.sha256")
    with pytest.raises(error):
        restore(database, source=tmp_path / "b.db", settle=leave_as_it_is, force=True)
    assert numbers(database) == [1]


def test_a_file_that_is_no_store_is_refused(database, tmp_path):
    (tmp_path / "b.db").write_bytes(b"no database " * 1000)
    digest = hashlib.sha256((tmp_path / "b.db").read_bytes()).hexdigest()
    (tmp_path / "b.db.sha256").write_text(digest)
    with pytest.raises(ContractError, match="damaged or something else"):
        restore(database, source=tmp_path / "b.db", settle=leave_as_it_is, force=True)


def test_a_store_that_is_damaged_is_not_copied(database, tmp_path):
    database.write(
        lambda connection: (
            connection.execute(NUMBERS.insert(), [{"number": number} for number in range(5000)])
            and None
        )
    )
    database.close()
    damaged = bytearray((tmp_path / "s.db").read_bytes())
    damaged[8192:12288] = b"\xff" * 4096
    (tmp_path / "s.db").write_bytes(damaged)
    with pytest.raises(StoreUnavailable, match="could not be copied"):
        back_up(open_database(f"sqlite:///{tmp_path}/s.db"), to=tmp_path / "b.db")
    assert not (tmp_path / "b.db").exists()


def test_a_restore_waits_for_others_no_longer_than_said(database, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(backup, "_opened", partial(_opened_at_once, backup._opened))
    put(database, 1)
    back_up(database, to=tmp_path / "b.db")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        restore(database, source=tmp_path / "b.db", settle=leave_as_it_is, force=True)
    other.rollback()
    other.close()
    assert numbers(database) == [1]


def _opened_at_once(opened, path, mode):
    connection = opened(path, mode)
    connection.execute("PRAGMA busy_timeout = 0")
    return connection


def test_what_is_restored_has_the_tables_of_this_version_and_voids_cursors(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    add = "INSERT INTO score_sequence VALUES (1, 'before', 7, '2026-03-01 00:00:00.000000')"
    store.database.write(lambda connection: connection.execute(text(add)) and None)
    store.database.write(
        lambda connection: connection.execute(text("DROP TABLE alembic_version")) and None
    )
    back_up(store.database, to=tmp_path / "b.db")
    restore(
        store.database,
        source=tmp_path / "b.db",
        settle=partial(settle, service_folder=tmp_path, at=MARCH, actor="cli:me"),
        force=True,
    )
    with store.database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        epoch, last = connection.execute(text("SELECT epoch, last FROM score_sequence")).one()
        deed = connection.execute(text("SELECT actor, deed FROM audit_log")).one()
    assert (epoch != "before", last) == (True, 7)
    assert deed == ("cli:me", "store.restored")
    store.close()


def test_postgresql_is_left_to_its_own_tools_and_no_password_is_shown(tmp_path):
    database = open_database("postgresql://me:hush@db.example:5433/shop")
    with pytest.raises(SettingsError) as caught:
        back_up(database, to=tmp_path / "b.db")
    assert (
        "pg_dump --format=custom --file=FILE --dbname=postgresql://me@db.example:5433/shop"
        in str(caught.value)
    )
    assert "hush" not in str(caught.value)
    with pytest.raises(SettingsError, match="pg_restore --clean"):
        restore(database, source=tmp_path / "b.db", settle=leave_as_it_is)


def test_who_was_erased_since_the_backup_does_not_come_back(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db", folder=tmp_path)
    add = "INSERT INTO preferences (customer_id, profiling_opt_out, contact_opt_out, updated_at) "
    for who in ("c1", "c2"):
        values = f"VALUES ('{who}', false, true, '2026-02-01 00:00:00.000000')"
        store.database.write(partial(_execute, statement=add + values))
    back_up(store.database, to=tmp_path / "b.db")
    store.erasures.erase("c1", now=lambda: MARCH)
    restore(
        store.database,
        source=tmp_path / "b.db",
        settle=partial(settle, service_folder=tmp_path / "service", at=MARCH, actor="cli:me"),
        force=True,
    )
    with store.database.read() as connection:
        assert connection.scalars(text("SELECT customer_id FROM preferences")).all() == ["c2"]
    store.close()


def test_keys_and_preferences_stay_as_they_are_now(tmp_path):
    stores = [open_store(f"sqlite:///{tmp_path}/{name}.db") for name in ("now", "backup")]
    now, old = (store.database for store in stores)
    at = "'2026-0{}-01 00:00:00.000000'"
    key = "INSERT INTO api_keys VALUES ('{}', 'n', 'h', '[]', NULL, {}, {}, {}, NULL)"
    preference = "INSERT INTO preferences VALUES ('{}', {}, false, {})"
    for database, statement in (
        (old, key.format("k1", at.format(1), at.format(9), "NULL")),
        (now, key.format("k1", at.format(1), at.format(9), at.format(3))),
        (now, key.format("k2", at.format(3), at.format(9), "NULL")),
        (old, preference.format("c1", "false", at.format(1))),
        (now, preference.format("c1", "true", at.format(3))),
        (now, preference.format("c2", "true", at.format(3))),
        (old, preference.format("c3", "true", at.format(1))),
        (old, preference.format("c4", "true", at.format(3))),
        (now, preference.format("c4", "false", at.format(1))),
    ):
        database.write(partial(_execute, statement=statement))
    assert carry_over(now, to=old)
    with old.read() as connection:
        keys = connection.execute(text("SELECT key_id, revoked_at IS NULL FROM api_keys")).all()
        decided = connection.execute(
            text("SELECT customer_id, profiling_opt_out FROM preferences ORDER BY customer_id")
        ).all()
    assert sorted(keys) == [("k1", 0), ("k2", 1)]
    assert decided == [("c1", 1), ("c2", 1), ("c3", 1), ("c4", 1)]
    for store in stores:
        store.close()


def deed(database, name):
    database.write(
        partial(record_deed, at=MARCH, actor="a", deed=name, subject=None, details={"n": 1})
    )


def deeds(database):
    with database.read() as connection:
        assert verify(connection).broken_at is None
        return [each.deed for each in newest_deeds(connection, most=9)][::-1]


@pytest.mark.parametrize("before", [[], ["key.created"], ["key.created", "customer.erased"]])
def test_deeds_since_the_backup_stand_and_so_does_the_restoring(tmp_path, before):
    stores = [open_store(f"sqlite:///{tmp_path}/{name}.db") for name in ("old", "now")]
    old, now = (store.database for store in stores)
    for name in before:
        deed(old, name)
        deed(now, name)
    deed(now, "customer.exported")
    with now.read() as connection:
        anchor = verify(connection).head
    settle(old, service_folder=tmp_path, at=MARCH, actor="cli:me")
    assert carry_over(now, to=old)
    assert deeds(old) == [*before, "customer.exported", "store.restored"]
    with old.read() as connection:
        assert verify(connection, anchor=anchor).broken_at is None
    for store in stores:
        store.close()


def test_the_log_of_another_store_stays_as_it_is(tmp_path):
    stores = [open_store(f"sqlite:///{tmp_path}/{name}.db") for name in ("old", "now")]
    old, now = (store.database for store in stores)
    deed(old, "key.created")
    deed(now, "key.revoked")
    settle(old, service_folder=tmp_path, at=MARCH, actor="cli:me")
    assert carry_over(now, to=old)
    assert deeds(old) == ["key.created", "store.restored"]
    for store in stores:
        store.close()


def test_nothing_is_carried_over_from_a_store_of_another_version(database, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/new.db")
    assert not carry_over(database, to=store.database)
    store.close()


def _execute(connection, statement):
    connection.execute(text(statement))


def run(*arguments):
    return CliRunner().invoke(build_app(), ["store", *map(str, arguments)])


def test_the_verbs_copy_a_store_and_put_it_back(tmp_path):
    config = tmp_path / "ebbtide.toml"
    config.write_text(
        '[project]\nname = "t"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    copy = tmp_path / "b.db"
    nothing = run("backup", "--to", copy, "--config", config)
    assert isinstance(nothing.exception, NotReady)
    open_store(load_project(config).database_url).close()
    assert "and checked" in run("backup", "--to", copy, "--config", config).stdout
    refused = run("restore", "--from", copy, "--config", config)
    assert isinstance(refused.exception, SettingsError)
    put_back = run("restore", "--from", copy, "--config", config, "--force")
    assert "Keys and preferences are as they were until now" in put_back.stdout
    assert "Settled" in run("settle", "--config", config).stdout
    store = open_store(load_project(config).database_url)
    deeds = "SELECT deed FROM audit_log ORDER BY sequence"
    with store.database.read() as connection:
        assert connection.scalars(text(deeds)).all() == [
            "store.backed_up",
            "store.restored",
            "store.restored",
        ]
    store.close()
