"""The log of deeds: whatever is done to it afterwards is found, and at the right place."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from sqlalchemy import delete, select, update

from ebbtide.store.audit import START, Anchor, newest_deeds, record_deed, verify
from ebbtide.store.database import open_database
from ebbtide.store.schema.access import AUDIT_HEAD, AUDIT_LOG
from ebbtide.store.schema.base import METADATA
from on_postgres import empty_schema

AT = datetime(2026, 3, 2, 12, 0, 0, 123, tzinfo=UTC)


@pytest.fixture
def database(url):
    made = open_database(url)
    METADATA.create_all(made.engine, tables=[AUDIT_LOG, AUDIT_HEAD])
    yield made
    made.close()


def record(database, deed, **other):
    given = {"at": AT, "actor": "crm", "subject": None, "details": {}, **other}
    database.write(partial(record_deed, deed=deed, **given))


@pytest.fixture
def log(database):
    """Five entries."""
    for number in range(1, 6):
        record(database, f"deed.{number}")
    return database


def verdict_of(database, anchor=None):
    with database.read() as connection:
        return verify(connection, anchor=anchor)


def change(database, *statements):
    def unit(connection):
        for statement in statements:
            connection.execute(statement)

    database.write(unit)


def newest(database):
    with database.read() as connection:
        return newest_deeds(connection, most=1)[0]


def test_an_empty_log_is_sound(database):
    assert verdict_of(database).head == Anchor(sequence=0, hash=START)
    assert verdict_of(database).broken_at is None


def test_the_hash_is_that_of_the_documented_text(database):
    record(database, "customer.erased", subject="f00d", details={"tables": 7, "why": "asked"})
    text = (
        '{"actor":"crm","at":"2026-03-02T12:00:00.000123+00:00","deed":"customer.erased",'
        '"details":"{\\"tables\\":7,\\"why\\":\\"asked\\"}","previous_hash":"' + "0" * 64 + '",'
        '"sequence":1,"subject":"f00d"}'
    )
    assert newest(database).hash == hashlib.sha256(text.encode()).hexdigest()


def test_each_entry_names_the_hash_of_the_one_before(log):
    with log.read() as connection:
        entries = newest_deeds(connection, most=10)[::-1]
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert verdict_of(log).entries == 5


def test_older_deeds_follow_page_by_page(log):
    with log.read() as connection:
        found = newest_deeds(connection, most=2, before=4)
    assert [entry.sequence for entry in found] == [3, 2]


def test_another_zone_is_the_same_instant(database):
    record(database, "deed.1", at=AT.astimezone(timezone(timedelta(hours=9))))
    assert verdict_of(database).broken_at is None
    assert newest(database).at == AT


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "other"},
        {"deed": "deed.9"},
        {"subject": "f00d"},
        {"details": '{"why":"asked"}'},
        {"at": AT + timedelta(microseconds=1)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_changed_entry_is_named(log, values):
    change(log, update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3).values(**values))
    verdict = verdict_of(log)
    assert (verdict.broken_at, verdict.entries) == (3, 2)
    assert "changed" in verdict.why


def test_an_entry_that_was_changed_with_its_hash_breaks_the_next(log):
    with log.read() as connection:
        row = connection.execute(select(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3)).one()
    written = {**row._mapping, "actor": "other", "at": row.at.isoformat(timespec="microseconds")}
    del written["hash"]
    text = json.dumps(written, sort_keys=True, separators=(",", ":"))
    forged = hashlib.sha256(text.encode()).hexdigest()
    change(
        log,
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3).values(actor="other", hash=forged),
    )
    verdict = verdict_of(log)
    assert verdict.broken_at == 4
    assert "does not follow" in verdict.why


def test_a_removed_entry_is_named(log):
    change(log, delete(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3))
    verdict = verdict_of(log)
    assert verdict.broken_at == 3
    assert "missing" in verdict.why


def test_a_removed_entry_is_named_though_the_others_were_counted_anew(log):
    change(
        log,
        delete(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3),
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 4).values(sequence=3),
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 5).values(sequence=4),
    )
    assert verdict_of(log).broken_at == 3


def test_the_removed_first_entry_is_named(log):
    change(log, delete(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 1))
    assert verdict_of(log).broken_at == 1


def test_exchanged_entries_are_named(log):
    change(
        log,
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 2).values(sequence=99),
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 3).values(sequence=2),
        update(AUDIT_LOG).where(AUDIT_LOG.c.sequence == 99).values(sequence=3),
    )
    assert verdict_of(log).broken_at == 2


def test_an_inserted_entry_is_named(log):
    last = newest(log)
    change(
        log,
        AUDIT_LOG.insert().values(
            sequence=6,
            at=AT,
            actor="crm",
            deed="deed.6",
            details="{}",
            previous_hash=last.hash,
            hash="f" * 64,
        ),
    )
    assert verdict_of(log).broken_at == 6


def test_a_log_cut_short_is_told_by_its_head(log):
    change(log, delete(AUDIT_LOG).where(AUDIT_LOG.c.sequence > 3))
    verdict = verdict_of(log)
    assert verdict.broken_at == 4
    assert "names entry 5" in verdict.why


def test_a_log_without_a_head_is_told(log):
    change(log, delete(AUDIT_HEAD))
    assert "head" in verdict_of(log).why


def test_a_log_cut_short_with_its_head_is_told_by_the_anchor(log):
    anchor = verdict_of(log).head
    third = Anchor(sequence=3, hash=_hash_at(log, 3))
    change(
        log,
        delete(AUDIT_LOG).where(AUDIT_LOG.c.sequence > 3),
        update(AUDIT_HEAD).values(sequence=3, hash=third.hash),
    )
    assert verdict_of(log).broken_at is None
    verdict = verdict_of(log, anchor)
    assert verdict.broken_at == 4
    assert "anchor names entry 5" in verdict.why


def test_a_log_written_anew_is_told_by_the_anchor(log):
    anchor = Anchor(sequence=2, hash=_hash_at(log, 2))
    change(log, delete(AUDIT_LOG), delete(AUDIT_HEAD))
    for number in range(1, 6):
        record(log, f"other.{number}")
    assert verdict_of(log).broken_at is None
    verdict = verdict_of(log, anchor)
    assert verdict.broken_at == 2
    assert "anchor" in verdict.why


def test_a_log_that_grew_is_sound_by_an_older_anchor(log):
    anchor = verdict_of(log).head
    record(log, "deed.6")
    assert verdict_of(log, anchor).entries == 6


def test_a_deed_that_was_undone_leaves_no_gap(log):
    def unit(connection):
        record_deed(connection, at=AT, actor="crm", deed="lost", subject=None, details={})
        raise KeyError

    with pytest.raises(KeyError):
        log.write(unit)
    record(log, "deed.6")
    assert verdict_of(log).entries == 6


def test_a_log_of_more_than_one_part_is_read_whole(database):
    def unit(connection):
        for number in range(1_203):
            record_deed(
                connection, at=AT, actor="crm", deed=f"deed.{number}", subject=None, details={}
            )

    database.write(unit)
    assert verdict_of(database).entries == 1_203


def test_chains_of_two_who_append_at_once_are_one(url, database):
    """Two engines are to the database what two processes are."""
    others = [open_database(url, busy_seconds=20.0) for _ in range(2)]

    def append(other):
        for number in range(25):
            record(other, f"deed.{number}")

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(append, other) for other in others * 2]:
            done.result()
    for other in others:
        other.close()
    assert verdict_of(database).broken_at is None
    assert verdict_of(database).entries == 100


def test_the_head_is_locked_even_for_who_takes_no_turn_at_writing(postgres):
    database = open_database(empty_schema(postgres))
    METADATA.create_all(database.engine, tables=[AUDIT_LOG, AUDIT_HEAD])

    def append(number):
        with database.engine.begin() as connection:
            record_deed(
                connection, at=AT, actor="crm", deed=f"deed.{number}", subject=None, details={}
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(60)))
    assert verdict_of(database).entries == 60
    database.close()


def _hash_at(database, sequence):
    query = select(AUDIT_LOG.c.hash).where(AUDIT_LOG.c.sequence == sequence)
    with database.read() as connection:
        return connection.execute(query).scalar_one()
