"""The keys are read once for all who wait for them, and whoever leaves takes that from nobody."""

from __future__ import annotations

import asyncio
import gc
import threading
from types import SimpleNamespace

import pytest
from starlette.requests import HTTPConnection

from ebbtide.store.store import StoreUnavailable
from service.access.gate import Gate
from service.access.rates import Buckets, Rate
from service.problems import ProblemError

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


def gate_of(keys, *, failures_rate=OFTEN):
    return Gate(
        keyring=keys,
        tokens=None,
        host="127.0.0.1",
        rate=OFTEN,
        failures_rate=failures_rate,
        buckets=Buckets(),
    )


def request():
    headers = [(b"authorization", f"Bearer {TEXT}".encode())]
    return HTTPConnection({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)})


async def begun(gate, count, *, readings=1):
    """Let so many come, until so many readings are under way."""
    keys = gate._keyring
    tasks = [asyncio.create_task(gate.admit(request())) for _ in range(count)]
    async with asyncio.timeout(10):
        while keys.readings < readings:
            await asyncio.sleep(0.001)
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
async def test_who_joins_a_reading_that_began_too_long_ago_shares_one_more():
    keys = Keys()
    keys.stays_fresh = False
    tasks = await begun(gate_of(keys), 5)
    keys.may_end.set()
    await asyncio.gather(*tasks)
    assert keys.readings == 2


@pytest.mark.anyio
async def test_where_nothing_is_relied_on_everybody_reads():
    keys = Keys(is_relied_on=False)
    tasks = await begun(gate_of(keys), 3, readings=3)
    keys.may_end.set()
    await asyncio.gather(*tasks)
    assert keys.readings == 3


@pytest.mark.anyio
async def test_a_reading_of_another_event_loop_is_not_joined():
    keys = Keys()
    gate = gate_of(keys)
    elsewhere = threading.Thread(target=lambda: asyncio.run(gate.admit(request())))
    elsewhere.start()
    tasks = await begun(gate, 1, readings=2)
    keys.may_end.set()
    assert [caller.name for caller in await asyncio.gather(*tasks)] == ["crm"]
    elsewhere.join()


@pytest.mark.anyio
async def test_an_error_that_nobody_waits_for_any_more_is_no_complaint_of_the_loop():
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    keys = Keys()
    keys.fails = True
    gate = gate_of(keys)
    (task,) = await begun(gate, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    reading, gate._reading = gate._reading, None
    keys.may_end.set()
    await asyncio.wait([reading])
    del reading, task  # its frames hold the reading
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


@pytest.mark.anyio
async def test_who_fails_too_often_has_nothing_read():
    keys = Keys()
    keys.is_fresh, keys.find = True, lambda _text: None
    looked_for = []
    keys.refresh_for = looked_for.append
    gate = gate_of(keys, failures_rate=Rate(requests=2, seconds=60))
    kinds = []
    for _ in range(4):
        with pytest.raises(ProblemError) as refused:
            await gate.admit(request())
        kinds.append(refused.value.problem.kind)
    assert kinds == ["not-authenticated"] * 2 + ["too-many-requests"] * 2
    assert len(looked_for) == 2


@pytest.mark.anyio
async def test_the_first_use_of_a_new_key_is_no_failure():
    keys = Keys()
    known, unknown = keys.find, lambda _text: None
    keys.is_fresh, keys.find = True, unknown
    gate = gate_of(keys, failures_rate=Rate(requests=1, seconds=60))

    def made_known(_text):
        keys.find = known
        return True

    keys.refresh_for = made_known
    assert (await gate.admit(request())).name == "crm"
    keys.find, keys.refresh_for = unknown, lambda _text: False
    with pytest.raises(ProblemError) as refused:
        await gate.admit(request())
    assert refused.value.problem.kind == "not-authenticated"


def test_a_key_that_has_changed_is_recognised_as_it_is_now():
    keys = Keys()
    keys.is_fresh = True
    gate = gate_of(keys)
    headers = {b"authorization": f"Bearer {TEXT}".encode()}
    first = SimpleNamespace(name="crm", scopes=frozenset(), key_id="k", rate_limit=None)
    keys.find = lambda _text: first
    assert gate.recognised(headers).scopes == frozenset()
    assert gate.recognised(headers) is gate.recognised(headers)
    second = SimpleNamespace(name="crm", scopes=frozenset({"read"}), key_id="k", rate_limit=None)
    keys.find = lambda _text: second
    assert gate.recognised(headers).scopes == {"read"}
