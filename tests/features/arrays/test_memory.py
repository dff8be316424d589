"""Libraries that can be told how to ask for memory are told so; nothing fails where they cannot."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from features.arrays import memory


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
