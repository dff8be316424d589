"""Settings of the process hold while anybody computes, and are as before when nobody does."""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack

import pytest

from features.arrays import memory
from features.arrays.memory import kept_arrays, no_collection, short_turns, small_pages


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
