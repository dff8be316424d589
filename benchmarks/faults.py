"""What faults do to a steady load: ``python -m benchmarks.faults``.

The service is served to clients who compare each answer with what the version that it names has to
say of that row; a fault is made, again and again. Kept in ``benchmarks/results/faults.md``.
``python -m benchmarks.durability`` is about what the log keeps when processes and disks fail.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from benchmarks.commit import commit
from benchmarks.fault_kinds import of_clients, of_the_machine, of_the_registry
from benchmarks.fault_kinds.line import CLIENTS, HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.fault_kinds.line import Line

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
sys.path.insert(0, str(ROOT / "tests"))

FAULTS: dict[str, tuple[Callable[[Path, int], Line | list[Line]], int]] = {
    "swapped": (of_the_registry.swapped, 20),
    "bad-bundles": (of_the_registry.bad_bundles, 20),
    "lied-to": (of_the_registry.lied_to, 1),
    "overloaded": (of_clients.overloaded, 2),
    "slow-clients": (of_clients.slow_clients, 1),
    "told-to-end": (of_clients.told_to_end, 5),
    "clock": (of_the_machine.clock_jumps, 5),
    "bundles-full": (of_the_machine.bundles_full, 3),
    "bundles-read-only": (of_the_machine.bundles_read_only, 3),
    "spool-full": (of_the_machine.spool_full, 3),
    "descriptors": (of_the_machine.out_of_descriptors, 5),
}
"""What is made, and how often."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], help="only these")
    parser.add_argument("--keep", action="store_true", help="write the table beside the others")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    lines = []
    for line in report(given.faults or list(FAULTS)):
        print(line, flush=True)
        lines.append(line)
    if given.keep:
        (RESULTS / "faults.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(names: list[str]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "# Faults under a steady load"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, commit {commit()}. Made by `python -m benchmarks.faults`. "
        f"Load of the machine at the start: {os.getloadavg()[0]:.1f}."
    )
    yield ""
    yield (
        f"{CLIENTS} clients on kept connections, one row or five in a request. *Wrong* is an "
        "answer that is not, bit by bit, what the version that it names says of that row, or an "
        "unexpected status; *refused* 429 or 503 with Retry-After, or a connection refused; *slow* "
        "more than a second; *lost* a connection that ended with a request unanswered. Times in "
        "milliseconds, of right answers; clients and service share the cores."
    )
    yield ""
    yield HEADER
    yield "|---" * HEADER.count(" | ") + "|---|"
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        for name in names:
            make, times = FAULTS[name]
            made = make(Path(folder) / name, times)
            yield from map(str, made if isinstance(made, list) else [made])


if __name__ == "__main__":
    main()
