"""What large work took is given back to the system; another C library is left alone."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from service import memory

SIZE = 32 * 2**20


def resident_bytes():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@pytest.mark.skipif(not hasattr(memory._library(), "malloc_trim"), reason="another C library")
def test_what_is_free_in_the_heap_is_given_back():
    pieces = [bytes(4_000) for _ in range(SIZE // 4_000)]  # too small to be given back one by one
    last = bytes(4_000)  # it keeps the heap from ending before them
    held = resident_bytes()
    del pieces
    assert memory.give_back_freed()
    assert resident_bytes() < held - SIZE / 2
    assert len(last) == 4_000


def test_heaps_are_few(monkeypatch):
    told = []
    library = SimpleNamespace(mallopt=lambda what, count: told.append((what, count)) or 1)
    monkeypatch.setattr(memory, "_library", lambda: library)
    assert memory.share_heaps()
    assert told == [(-8, memory.HEAPS)]


def test_nothing_is_said_to_another_c_library(monkeypatch):
    monkeypatch.setattr(memory, "_library", SimpleNamespace)
    assert (memory.share_heaps(), memory.give_back_freed()) == (False, False)


def test_what_a_measurement_of_drift_took_is_given_back(client, monkeypatch):
    given = []
    monkeypatch.setattr("service.monitoring.monitor.give_back_freed", lambda: given.append(1))
    assert client.get("/v1/monitoring").status_code == 200
    assert given == [1]
