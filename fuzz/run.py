"""Fuzz every target in turn: ``python -m fuzz.run --seconds 600``; prints a table of what was done.

Where atheris is not installed, nothing is fuzzed, and that is said.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ABSENT = (
    "NOT FUZZED: atheris is not installed here (it needs Linux on x86-64 and a Python that it is "
    "built for); the targets still run on their seeds in tests/security."
)
_START_SECONDS = 120
_KEPT_OF_A_FINDING = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzed:
    """What came of one target.

    Parameters
    ----------
    name : of the target.
    runs : inputs that were fed.
    features : what libFuzzer saw: edges of our code, with how often they were passed.
    seconds : processor time.
    finding : how the process ended, if it did not end well.
    """

    name: str
    runs: int
    features: int
    seconds: float
    finding: str | None


def fuzz(module: str, name: str, *, seconds: int, folder: Path) -> Fuzzed:
    """Fuzz one target in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.one", module, name, str(seconds), str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
            "TMPDIR": str(folder),
            "EBBTIDE_LOG_LEVEL": "CRITICAL",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + _START_SECONDS,
        check=False,
    )
    after = os.times()
    said = done.stdout.decode(errors="replace")
    runs = re.findall(r"number_of_executed_units:\s*(\d+)", said)
    features = re.findall(r"\bft: (\d+)", said)
    told = [line for line in said.splitlines() if not line.startswith("INFO: Instr")]
    tail = "\n".join(told[-_KEPT_OF_A_FINDING:])
    return Fuzzed(
        name=name,
        runs=int(runs[-1]) if runs else 0,
        features=int(features[-1]) if features else 0,
        seconds=after.children_user + after.children_system - before.children_user
        - before.children_system,
        finding=None if done.returncode == 0 and runs else f"code {done.returncode}\n{tail}",
    )  # fmt: skip


def main() -> int:
    """Fuzz what was asked for; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--only", default="", help="targets whose name holds this")
    parser.add_argument("--keep", type=Path, help="where inputs and findings are kept")
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print(ABSENT)
        return 0
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from fuzz.every import MODULES, targets_of

    names = [(m, name) for m in MODULES for name in targets_of(m) if asked.only in name]
    each = max(1, asked.seconds // max(1, len(names)))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = asked.keep or Path(scratch)
        fuzzed = []
        print(f"{'target':32} {'inputs':>9} {'features':>9} {'CPU s':>6}  finding", flush=True)
        for place, (module, name) in enumerate(names):
            done = fuzz(module, name, seconds=each, folder=folder / str(place))
            fuzzed.append(done)
            print(
                f"{name:32} {done.runs:9,} {done.features:9,} {done.seconds:6.0f}  "
                f"{'none' if done.finding is None else 'FOUND'}",
                flush=True,
            )
    total = sum(each.runs for each in fuzzed)
    print(f"{len(fuzzed)} targets, {total:,} inputs, {time.monotonic() - began:.0f} s in all")
    found = [each for each in fuzzed if each.finding is not None]
    for each in found:
        print(f"\n=== {each.name}\n{each.finding}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
