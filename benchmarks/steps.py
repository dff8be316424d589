"""Time and peak memory of every step on a simulated shop: ``python -m benchmarks.steps``.

Prints a table, and keeps it with machine and commit in ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.commit import commit

if TYPE_CHECKING:
    import resource

EBBTIDE = Path(sys.executable).with_name("ebbtide")
RESULTS = Path(__file__).resolve().parent / "results"
LOG_END = "2025-01-01"
"""Where the simulator's log ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command with what it took."""

    verb: str
    wall_seconds: float
    cpu_seconds: float
    peak_gigabytes: float


def measure(verb: str, *options: str, folder: Path) -> Step:
    """Run one verb in a process of its own."""
    started = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    child = subprocess.Popen([str(EBBTIDE), verb, *options], cwd=folder, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"ebbtide {verb} ended with exit code {child.returncode}")
    return Step(
        verb=verb,
        wall_seconds=time.monotonic() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_gigabytes=_gigabytes(usage),
    )


def _gigabytes(usage: resource.struct_rusage) -> float:
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * bytes_per_unit / 2**30


def table(steps: list[Step], *, customers: int) -> str:
    """Return the result as Markdown."""
    lines = [
        f"# Steps on a simulated shop of {customers:,} customers and two years",
        "",
        f"{datetime.now(UTC).date()}, commit {commit()}, {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}.",
        "",
        "| step | wall, s | CPU, s | peak memory, GB |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {s.verb} | {s.wall_seconds:.1f} | {s.cpu_seconds:.1f} | {s.peak_gigabytes:.2f} |"
        for s in steps
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every step once, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    customers = parser.parse_args().customers
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        size = ("--customers", str(customers), "--seed", "1")
        steps = [measure("simulate", "--out", "shop", *size, folder=folder)]
        folder /= "shop"
        at = ("--as-of", LOG_END)
        steps += [
            measure("check-data", folder=folder),
            measure("features", *at, "--out", "features.parquet", folder=folder),
            measure("train", folder=folder),
            measure("promote", "--why", "benchmark", folder=folder),
            measure("score", *at, "--out", "scores.parquet", "--publish", folder=folder),
        ]
    text = table(steps, customers=customers)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"steps-{customers}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
