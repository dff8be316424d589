"""How functions are compiled: kept where a folder can be written, and compiled without one."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numba

from ebbtide.scorer.compiled import jit


def test_where_nothing_can_be_kept_functions_are_compiled_all_the_same(monkeypatch) -> None:
    asked = []

    def no_folder(*, cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(jit, "numba", SimpleNamespace(njit=no_folder))
    assert jit.compiled(lambda number: number + 1)(2) == 3
    assert asked == [True, False]


def test_numba_is_not_imported_before_a_bundle_is_read() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, ebbtide.bundle.read, ebbtide.cli; print('numba' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "False"
