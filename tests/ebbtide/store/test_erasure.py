"""Who is erased is gone from every table, from the very bytes of the file, and from backups."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Boolean, Float, Integer, LargeBinary, create_engine, select

from ebbtide.errors import SettingsError
from ebbtide.pseudonym import pseudonym
from ebbtide.store.erasure import CUSTOMER_TABLES, FREE, INNER, Erasures
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.every import METADATA
from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from ebbtide.store.schema.jobs import JOB_INPUTS, JOB_RESULTS
from ebbtide.store.sql import open_store
from ebbtide.store.store import StoreBusy, StoreUnavailable
from ebbtide.store.tombstones import Tombstone, TombstoneFile

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"k" * 32
CANARY = "canary-客户-1"


@pytest.fixture
def erasures(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    yield Erasures(
        database=store.database, file=TombstoneFile(tmp_path / "erasures.jsonl"), key=KEY
    )
    store.close()


def filler(column):
    """A value for a column, whatever its type."""
    if isinstance(column.type, Instant):
        return NOW
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Integer | Float):
        return 1
    if isinstance(column.type, LargeBinary):
        return b"x"
    return "x"


def plant(erasures, customer_id, place="x"):
    """Put a row of a customer into every table that has a column for one."""
    path = erasures.database.engine.url.database  # through a connection that checks no references
    unchecked = create_engine(f"sqlite:///{path}")
    with unchecked.begin() as connection:
        for table in CUSTOMER_TABLES:
            row = {column.name: filler(column) for column in table.columns}
            for column in table.primary_key.columns:
                if not isinstance(column.type, Instant | Integer):
                    row[column.name] = place
            for column in table.columns:
                if column.unique:
                    row[column.name] = place
                if column.name in ("sequence", "id"):
                    row[column.name] = sum(place.encode())
            connection.execute(table.insert(), {**row, "customer_id": customer_id})
        connection.execute(
            IDEMPOTENCY_KEYS.insert(),
            {
                "caller": place,
                "idempotency_key": "k",
                "fingerprint": "x",
                "status": 200,
                "content": json.dumps({"customer_id": customer_id}, ensure_ascii=False),
                "kept_at": NOW,
            },
        )
    unchecked.dispose()


def tables_with(erasures, customer_id):
    with erasures.database.read() as connection:
        found = {
            table.name
            for table in CUSTOMER_TABLES
            if connection.execute(select(table).where(table.c.customer_id == customer_id)).first()
        }
        kept = connection.scalars(select(IDEMPOTENCY_KEYS.c.content)).all()
        return found | (
            {"idempotency_keys"} if any(customer_id in each for each in kept) else set()
        )


def test_every_table_is_said_to_hold_customers_or_not():
    covered = {table.name for table in CUSTOMER_TABLES}
    assert not covered & set(INNER)
    assert not (covered | set(INNER)) & FREE
    assert covered | set(INNER) | FREE == set(METADATA.tables)


def test_a_customer_is_gone_from_every_table_and_nobody_else_is(erasures):
    plant(erasures, CANARY, "a")
    plant(erasures, "other", "b")
    everywhere = {table.name for table in CUSTOMER_TABLES} | {"idempotency_keys"}
    assert tables_with(erasures, CANARY) == everywhere
    counts = erasures.erase(CANARY, now=lambda: NOW).rows
    assert counts == dict.fromkeys(everywhere, 1)
    assert tables_with(erasures, CANARY) == set()
    assert tables_with(erasures, "other") == everywhere
    assert erasures.erase(CANARY, now=lambda: NOW).rows == {}


def test_the_bytes_are_gone_from_the_files(erasures, tmp_path):
    plant(erasures, CANARY, "a")
    erasures.database.purge()
    assert CANARY.encode() in (tmp_path / "s.db").read_bytes()
    erasures.erase(CANARY, now=lambda: NOW)
    for file in tmp_path.iterdir():
        assert CANARY.encode() not in file.read_bytes(), file.name


def test_that_the_log_could_not_be_emptied_is_told(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db", busy_seconds=0.1)
    erasures = Erasures(
        database=store.database, file=TombstoneFile(tmp_path / "erasures.jsonl"), key=KEY
    )
    with store.database.read() as reading:
        reading.execute(select(IDEMPOTENCY_KEYS)).all()
        with pytest.raises(StoreBusy, match="write-ahead log"):
            erasures.erase(CANARY, now=lambda: NOW)
    erasures.erase(CANARY, now=lambda: NOW)
    store.close()


def test_a_restored_database_brings_nobody_back(erasures, tmp_path):
    plant(erasures, CANARY, "a")
    plant(erasures, "other", "b")
    erasures.database.purge()
    erasures.database.close()
    shutil.copy(tmp_path / "s.db", tmp_path / "backup.db")
    erasures.erase(CANARY, now=lambda: NOW)
    erasures.database.close()
    for file in tmp_path.glob("s.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "s.db")
    restored = open_store(f"sqlite:///{tmp_path}/s.db")
    again = Erasures(database=restored.database, file=erasures.file, key=KEY)
    assert tables_with(again, CANARY)
    assert again.reapply() == 1
    assert tables_with(again, CANARY) == set()
    assert "snapshots" in tables_with(again, "other")
    assert again.reapply() == 0
    restored.close()


def test_what_cannot_be_searched_goes_as_a_whole_when_somebody_came_back(erasures):
    unchecked = create_engine(f"sqlite:///{erasures.database.engine.url.database}")
    with unchecked.begin() as connection:
        for table in (JOB_INPUTS, JOB_RESULTS):
            row = {column.name: filler(column) for column in table.columns}
            connection.execute(table.insert(), row)
    unchecked.dispose()
    erasures.file.add(Tombstone(pseudonym=pseudonym(CANARY, key=KEY), erased_at=NOW))
    erasures.reapply()
    with erasures.database.read() as connection:
        assert [connection.execute(select(table)).all() for table in (JOB_INPUTS, JOB_RESULTS)] == [
            [],
            [],
        ]


def test_who_is_killed_after_the_tombstone_finishes_at_the_next_start(erasures):
    plant(erasures, CANARY, "a")
    erasures.file.add(Tombstone(pseudonym=pseudonym(CANARY, key=KEY), erased_at=NOW))
    assert erasures.reapply() == 1
    assert tables_with(erasures, CANARY) == set()


@pytest.mark.parametrize(
    ("known_at", "is_barred"),
    [(NOW - timedelta(days=1), True), (NOW, True), (NOW + timedelta(seconds=1), False)],
)
def test_what_was_known_before_does_not_come_back(erasures, known_at, is_barred):
    erasures.erase(CANARY, now=lambda: NOW)
    with erasures.database.read() as connection:
        barred = erasures.barred(connection, [(CANARY, known_at), ("other", known_at)])
    assert barred == ({(CANARY, known_at)} if is_barred else frozenset())


def test_who_was_read_before_the_rows_went_does_not_come_back(erasures):
    """A score that began during the erasure saw the old rows: its instant is no new beginning."""
    instants = [NOW, NOW + timedelta(seconds=9)]
    erased = erasures.erase(CANARY, now=iter(instants).__next__)
    assert erased.at == instants[1]
    fact = (CANARY, NOW + timedelta(seconds=8))
    with erasures.database.read() as connection:
        assert erasures.barred(connection, [fact]) == {fact}


def test_what_came_between_the_passes_goes_too(erasures):
    def now():
        if tables_with(erasures, CANARY) == set():
            plant(erasures, CANARY, "a")
        return NOW

    now()
    erasures.erase(CANARY, now=now)
    assert tables_with(erasures, CANARY) == set()


def test_another_key_than_the_one_of_the_database_is_refused(erasures):
    erasures.know_key()
    erasures.know_key()
    with pytest.raises(SettingsError, match=r"Copy service/pseudonym\.key"):
        replace(erasures, key=b"o" * 32).know_key()


@pytest.mark.parametrize("customer_id", ["%", "_ther", 'oth"er'])
def test_a_sign_in_an_id_stands_for_nothing_else(erasures, customer_id):
    plant(erasures, "other", "b")
    plant(erasures, customer_id, "a")
    assert erasures.erase(customer_id, now=lambda: NOW).rows["idempotency_keys"] == 1
    assert "idempotency_keys" in tables_with(erasures, "other")


def test_a_tombstone_is_on_disk_before_anything_is_erased(erasures, monkeypatch):
    plant(erasures, CANARY, "a")
    synced = []

    def note(descriptor):
        synced.append(
            (os.readlink(f"/proc/self/fd/{descriptor}"), bool(tables_with(erasures, CANARY)))
        )

    monkeypatch.setattr("ebbtide.store.tombstones.os.fsync", note)
    erasures.erase(CANARY, now=lambda: NOW)
    folder = erasures.file._path.parent
    assert synced == [(str(folder / "erasures.jsonl"), True), (str(folder), True)]
    assert not tables_with(erasures, CANARY)


def test_a_tombstone_that_cannot_be_written_erases_nothing(erasures, tmp_path):
    plant(erasures, CANARY, "a")
    (tmp_path / "erasures.jsonl").mkdir()
    with pytest.raises(StoreUnavailable, match="note the erasure"):
        erasures.erase(CANARY, now=lambda: NOW)
    assert "snapshots" in tables_with(erasures, CANARY)


def test_a_torn_line_spoils_no_other(tmp_path):
    file = TombstoneFile(tmp_path / "e.jsonl")
    file.add(Tombstone(pseudonym="a" * 32, erased_at=NOW))
    with (tmp_path / "e.jsonl").open("ab") as torn:
        torn.write(b'{"pseudonym": "bbb')
    file.add(Tombstone(pseudonym="c" * 32, erased_at=NOW))
    file.add(Tombstone(pseudonym="a" * 32, erased_at=NOW + timedelta(days=1)))
    assert {each.pseudonym: each.erased_at for each in file.read()} == {
        "a" * 32: NOW + timedelta(days=1),
        "c" * 32: NOW,
    }
    assert CANARY not in (tmp_path / "e.jsonl").read_text()
