"""Keys in the store: two live ones by name, never a secret, a trace of each change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from ebbtide.api_key import new_key
from ebbtide.errors import NotReady, SettingsError
from ebbtide.store.audit import newest_deeds
from ebbtide.store.keys import add_key, all_keys, note_uses, revoke_key
from ebbtide.store.sql import open_store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def database(url):
    store = open_store(url)
    yield store.database
    store.close()


def add(database, name="crm", *, at=NOW, days=30):
    key = new_key()
    given = {"name": name, "scopes": frozenset({"score", "read"}), "rate_limit": None}
    times = {"at": at, "expires_at": at + days * DAY}
    database.write(partial(add_key, key=key, actor="cli:ops", **given, **times))
    return key


def revoke(database, key, *, at=NOW):
    database.write(partial(revoke_key, key_id=key.key_id, at=at, actor="cli:ops"))


def keys_of(database):
    with database.read() as connection:
        return all_keys(connection)


def deeds_of(database):
    with database.read() as connection:
        return [entry.deed for entry in newest_deeds(connection, most=100)][::-1]


def test_a_key_is_found_again_by_its_hash(database):
    key = add(database)
    (kept,) = keys_of(database)
    assert kept.secret_hash == key.secret_hash
    assert (kept.name, kept.scopes) == ("crm", {"score", "read"})


def test_no_file_of_the_store_holds_the_secret(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    key = add(store.database)
    store.close()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert key.key_id.encode() in files
    assert key.secret.encode() not in files


def test_a_third_live_key_of_a_name_is_refused_with_what_to_do(database):
    first, second = add(database), add(database, at=NOW + DAY)
    with pytest.raises(SettingsError, match=f"{first.key_id}, {second.key_id}.*Revoke"):
        add(database, at=NOW + DAY)
    assert len(keys_of(database)) == 2
    assert deeds_of(database) == ["key.created", "key.created"]


def test_two_who_add_at_once_do_not_add_a_third(url, database):
    others = [open_store(url) for _ in range(4)]

    def added(store):
        try:
            return add(store.database) is not None
        except SettingsError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(added, others)) == 2
    for store in others:
        store.close()
    assert len(keys_of(database)) == 2


def test_revoked_and_expired_keys_make_room(database):
    add(database, days=1)
    second = add(database)
    revoke(database, second)
    add(database, at=NOW + DAY)
    add(database, at=NOW + DAY)
    states = [key.state(NOW + DAY) for key in keys_of(database)]
    assert sorted(states) == ["expired", "live", "live", "revoked"]


def test_other_names_have_room_of_their_own(database):
    for name in ("crm", "crm", "etl", "etl"):
        add(database, name)
    assert len(keys_of(database)) == 4


def test_revoking_twice_is_one_deed_and_keeps_the_first_time(database):
    key = add(database)
    revoke(database, key)
    revoke(database, key, at=NOW + DAY)
    assert keys_of(database)[0].revoked_at == NOW
    assert deeds_of(database) == ["key.created", "key.revoked"]


def test_a_key_that_is_not_there_cannot_be_revoked(database):
    with pytest.raises(NotReady, match="keys list"):
        revoke(database, new_key())


def test_uses_are_noted(database):
    key, other = add(database), add(database)
    database.write(partial(note_uses, uses={key.key_id: NOW + DAY}))
    assert {each.key_id: each.last_used_at for each in keys_of(database)} == {
        key.key_id: NOW + DAY,
        other.key_id: None,
    }
