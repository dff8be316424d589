"""Freed memory is kept where the C library can be told so, and nothing fails where it cannot."""

from __future__ import annotations

from types import SimpleNamespace

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
