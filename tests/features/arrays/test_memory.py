"""Libraries that can be told how to ask for memory are told so; nothing fails where they cannot.

Settings of the process hold while anybody computes, and are as before when nobody does.
"""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from features.arrays import memory
from features.arrays.memory import kept_arrays, no_collection, short_turns, small_pages


def test_glibc_is_told_to_keep_what_is_freed(monkeypatch) -> None:
    told = []
    library = SimpleNamespace(mallopt=lambda what, size: told.append((what, size)) or 1)
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: library)
    assert memory.keep_freed_memory.__wrapped__() is True
    assert dict(told)[-1] >= 2**30  # M_TRIM_THRESHOLD
    assert all(size < 2**31 for _, size in told)  # it takes an int


def test_another_library_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: SimpleNamespace())
    assert memory.keep_freed_memory.__wrapped__() is False


def test_numpy_takes_small_pages_for_a_while_only(monkeypatch) -> None:
    held = [True]

    def choose(wanted: bool) -> bool:
        held.append(wanted)
        return held[-2]

    monkeypatch.setattr(memory.multiarray, "_set_madvise_hugepage", choose)
    with pytest.raises(ZeroDivisionError), memory.small_pages():
        raise ZeroDivisionError
    assert held == [True, False, True]


def test_this_numpy_can_be_told() -> None:
    assert callable(memory.multiarray._set_madvise_hugepage)


def test_a_numpy_that_cannot_be_told_is_left_alone(monkeypatch) -> None:
    monkeypatch.delattr(memory.multiarray, "_set_madvise_hugepage")
    with memory.small_pages():
        pass


def state() -> tuple[bool, float]:
    return gc.isenabled(), sys.getswitchinterval()


def test_settings_hold_until_the_last_leaves_in_whatever_order() -> None:
    before = state()
    assert before[0]
    first, second = ExitStack(), ExitStack()
    for stack in (first, second):
        for setting in (no_collection, short_turns, small_pages):
            stack.enter_context(setting())
    held = state()
    assert not held[0]
    assert held[1] < before[1]
    first.close()
    assert state() == held
    second.close()
    assert state() == before


def test_an_error_restores_them() -> None:
    before = state()
    with pytest.raises(ZeroDivisionError), no_collection(), short_turns():
        raise ZeroDivisionError
    assert state() == before


def test_what_was_off_before_stays_off() -> None:
    gc.disable()
    try:
        with no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(("count", "n"), [(0, 3), (5, 0), (5, 4), (7, 4), (3, 100)])
def test_arrays_come_in_pieces_and_none_is_missing(
    monkeypatch: pytest.MonkeyPatch, count: int, n: int
) -> None:
    monkeypatch.setattr(memory, "_PIECE", 3 * 4 * 8)
    arrays = kept_arrays(count, n=n)
    assert [array.shape for array in arrays] == [(n,)] * count
    for number, array in enumerate(arrays):
        array[:] = number
    assert [set(array.tolist()) for array in arrays] == [
        {float(number)} if n else set() for number in range(count)
    ]
