"""What is read of the keys holds for so long, and no reading or writing makes others wait."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

from ebbtide.api_key import new_key
from ebbtide.store.keys import all_keys
from ebbtide.store.store import StoreBusy, StoreUnavailable
from service.access.keyring import NEWS_AFTER_SECONDS, Keyring
from small_model import NOW

CACHE_SECONDS = 2.0


class Clock:
    """Seconds that pass when they are told to."""

    seconds = 100.0

    def __call__(self):
        return self.seconds


class Readings:
    """Counts the readings of a database, and lets each take its time, or fail."""

    def __init__(self, database, monkeypatch, clock):
        self.count, self.seconds, self.fails = 0, 0.0, False
        real = database.read

        @contextmanager
        def read(deed):
            self.count += 1
            if self.fails:
                raise StoreUnavailable(deed)
            with real(deed) as connection:
                yield connection
            clock.seconds += self.seconds

        monkeypatch.setattr(database, "read", read)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def readings(store, monkeypatch, clock):
    return Readings(store.database, monkeypatch, clock)


@pytest.fixture
def keyring(store, clock):
    return keyring_of(store, clock)


def keyring_of(store, clock, *, cache_seconds=CACHE_SECONDS):
    return Keyring(store.database, now=lambda: NOW, cache_seconds=cache_seconds, monotonic=clock)


def test_what_was_read_holds_from_when_its_reading_began(make_key, keyring, readings, clock):
    make_key()
    readings.seconds = CACHE_SECONDS
    keyring.refresh()
    assert not keyring.is_fresh  # a key may have been revoked just after it began
    readings.seconds = CACHE_SECONDS / 2
    keyring.refresh()
    assert keyring.is_fresh
    clock.seconds += CACHE_SECONDS / 2
    assert not keyring.is_fresh


def test_whoever_comes_while_it_holds_reads_nothing(make_key, keyring, readings):
    make_key()
    threads = [threading.Thread(target=keyring.refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert readings.count == 1


@pytest.mark.parametrize(
    ("cache_seconds", "has_key", "is_relied_on"),
    [(CACHE_SECONDS, True, True), (0.0, True, False), (CACHE_SECONDS, False, False)],
)
def test_nothing_is_relied_on_without_time_or_without_a_key(
    make_key, store, clock, cache_seconds, has_key, is_relied_on
):
    if has_key:
        make_key()
    keyring = keyring_of(store, clock, cache_seconds=cache_seconds)
    keyring.refresh()
    assert (keyring.is_relied_on, keyring.is_fresh) == (is_relied_on, is_relied_on)


def test_a_key_that_nobody_knows_ends_nobodys_reliance_where_the_store_is_away(
    make_key, keyring, readings, clock
):
    make_key()
    keyring.refresh()
    clock.seconds += NEWS_AFTER_SECONDS
    readings.fails = True
    with pytest.raises(StoreUnavailable):
        keyring.refresh_for(new_key().text)
    assert keyring.is_fresh
    keyring.refresh()  # it need not read
    assert readings.count == 2


def test_a_new_key_has_them_read_anew_but_no_sooner_than_that(make_key, keyring, readings, clock):
    make_key()
    keyring.refresh()
    new = make_key(name="another")
    assert (keyring.refresh_for(new.text), readings.count) == (False, 1)
    clock.seconds += NEWS_AFTER_SECONDS
    assert (keyring.refresh_for(new.text), readings.count) == (True, 2)
    assert keyring.find(new.text).name == "another"
    assert (keyring.refresh_for(new.text), readings.count) == (False, 2)


def test_a_use_is_written_only_where_that_is_asked_for_and_kept_where_it_fails(
    make_key, store, keyring, monkeypatch
):
    key = make_key()

    def last_used():
        with store.database.read("look") as connection:
            return all_keys(connection)[0].last_used_at

    def busy(_unit, *, deed, wait_seconds):
        raise StoreBusy(deed, waited_seconds=wait_seconds)

    keyring.refresh()
    assert keyring.find(key.text) is not None
    keyring.refresh()
    assert last_used() is None
    with monkeypatch.context() as patch:
        patch.setattr(store.database, "write", busy)
        with pytest.raises(StoreBusy):
            keyring.note_uses()
    assert last_used() is None
    keyring.note_uses()
    assert last_used() == NOW


def test_keys_that_were_used_are_not_written_twice_an_hour(make_key, store, keyring, clock):
    key = make_key()
    written = []
    real = store.database.write
    store.database.write = lambda unit, **given: written.append(1) or real(unit, **given)
    for _ in range(3):
        clock.seconds += CACHE_SECONDS
        keyring.refresh()
        assert keyring.find(key.text) is not None
        keyring.note_uses()
    assert len(written) == 1
