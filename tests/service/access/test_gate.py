"""The keys are read once for all who wait for them, and whoever leaves takes that from nobody."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from starlette.requests import HTTPConnection

from ebbtide.store.store import StoreUnavailable
from service.access.gate import Gate
from service.access.rates import Buckets, Rate

TEXT = "ebb_abcdefgh_secret"
OFTEN = Rate(requests=10**6, seconds=1)


class Keys:
    """A ring with one key, whose readings end when they are told to."""

    def __init__(self, *, is_relied_on=True):
        self.is_fresh, self.is_empty, self.is_relied_on = False, False, is_relied_on
        self.readings, self.threads, self.fails = 0, set(), False
        self.stays_fresh = True
        self.may_end = threading.Event()

    def refresh(self):
        self.readings += 1
        self.threads.add(threading.get_ident())
        assert self.may_end.wait(10)
        if self.fails:
            raise StoreUnavailable("read the keys")
        self.is_fresh = self.stays_fresh

    def find(self, _text):
        return SimpleNamespace(name="crm", scopes=frozenset(), key_id="k", rate_limit=None)


def gate_of(keys):
    return Gate(
        keyring=keys,
        tokens=None,
        host="127.0.0.1",
        rate=OFTEN,
        failures_rate=OFTEN,
        buckets=Buckets(),
    )


def request():
    headers = [(b"authorization", f"Bearer {TEXT}".encode())]
    return HTTPConnection({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)})


async def begun(gate, count):
    tasks = [asyncio.create_task(gate.admit(request())) for _ in range(count)]
    for _ in range(20):
        await asyncio.sleep(0.005)
    return tasks


@pytest.mark.anyio
async def test_the_keys_are_read_once_for_all_who_wait():
    keys = Keys()
    tasks = await begun(gate_of(keys), 30)
    keys.may_end.set()
    callers = await asyncio.gather(*tasks)
    assert {caller.name for caller in callers} == {"crm"}
    assert (keys.readings, len(keys.threads)) == (1, 1)


@pytest.mark.anyio
async def test_whoever_leaves_takes_the_reading_from_nobody():
    keys = Keys()
    first, *others = await begun(gate_of(keys), 3)
    first.cancel()
    await asyncio.sleep(0)
    keys.may_end.set()
    assert [caller.name for caller in await asyncio.gather(*others)] == ["crm"] * 2
    assert first.cancelled()
    assert keys.readings == 1


@pytest.mark.anyio
async def test_where_they_cannot_be_read_all_are_told_and_the_next_tries_again():
    keys = Keys()
    keys.fails = True
    gate = gate_of(keys)
    tasks = await begun(gate, 3)
    keys.may_end.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 3
    keys.fails = False
    assert (await gate.admit(request())).name == "crm"
    assert keys.readings == 2


@pytest.mark.anyio
async def test_a_reading_that_began_too_long_ago_is_not_enough_for_who_came_later():
    keys = Keys()
    keys.stays_fresh = False
    tasks = await begun(gate_of(keys), 3)
    keys.may_end.set()
    await asyncio.gather(*tasks)
    assert keys.readings == 3


@pytest.mark.anyio
async def test_where_nothing_is_relied_on_everybody_reads():
    keys = Keys(is_relied_on=False)
    tasks = await begun(gate_of(keys), 3)
    keys.may_end.set()
    await asyncio.gather(*tasks)
    assert keys.readings == 3
