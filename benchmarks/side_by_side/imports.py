"""What takes memory when the service is imported: ``python -m benchmarks.side_by_side.imports``.

Prints one JSON object: resident memory before and after, and for each top-level package how much
its own modules took, who asked for the first of them, and how much that took with all it imported.
Memory that one module frees and the next one takes again is counted where it is taken.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from typing import Any

_PAGE = os.sysconf("SC_PAGE_SIZE")
_AT_LEAST_MIB = 0.5


class Ledger:
    """Notes how much memory each module takes while it is made."""

    def __init__(self) -> None:
        self.own: dict[str, float] = {}
        self.with_all: dict[str, float] = {}
        self.asked_by: dict[str, str] = {}
        self._open: list[list[Any]] = []

    def watch(self, loader: type, method: str) -> None:
        """Note what a method of a loader takes; its argument names the module."""
        original = getattr(loader, method)

        def watched(own: Any, module: Any) -> Any:
            name = getattr(module, "__name__", None) or module.name
            self.asked_by.setdefault(name, self._open[-1][0] if self._open else "")
            self._open.append([name, 0.0])
            before = resident_mib()
            try:
                return original(own, module)
            finally:
                self._note(resident_mib() - before)

        setattr(loader, method, watched)

    def _note(self, taken: float) -> None:
        name, within = self._open.pop()
        self.own[name] = self.own.get(name, 0.0) + taken - within
        self.with_all[name] = self.with_all.get(name, 0.0) + taken
        if self._open:
            self._open[-1][1] += taken

    def by_package(self) -> list[dict[str, Any]]:
        """Return what each top-level package took, the largest first."""
        sums: dict[str, float] = {}
        first: dict[str, str] = {}
        for name, taken in self.own.items():
            package = name.partition(".")[0]
            sums[package] = sums.get(package, 0.0) + taken
            asker = self.asked_by[name]
            if asker.partition(".")[0] != package:
                first.setdefault(package, asker)
        return [
            {
                "package": package,
                "mib": round(taken, 1),
                "with_all_mib": round(self.with_all.get(package, taken), 1),
                "first_asked_by": first.get(package, ""),
            }
            for package, taken in sorted(sums.items(), key=lambda each: -each[1])
            if taken >= _AT_LEAST_MIB
        ]


def resident_mib() -> float:
    """Return the resident memory of this process."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * _PAGE / 2**20


def main() -> None:
    """Import the service and tell what that took."""
    ledger = Ledger()
    ledger.watch(SourceFileLoader, "exec_module")
    ledger.watch(ExtensionFileLoader, "create_module")
    ledger.watch(ExtensionFileLoader, "exec_module")
    before = resident_mib()
    importlib.import_module("service.run")
    told = {"before_mib": before, "after_mib": resident_mib(), "packages": ledger.by_package()}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
