"""Memory of the service: ``python -m benchmarks.memory``.

Resident and proportional memory after start and after 10,000, 100,000 and a million requests, with
a champion as ``ebbtide train`` makes it, and what takes it when the service is imported. Prints
tables, kept in ``benchmarks/results/memory.md``; ``--requests`` says when to stop.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.side_by_side import contest
from benchmarks.side_by_side.load import load
from benchmarks.side_by_side.own_champion import own_champion_in
from benchmarks.side_by_side.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.side_by_side.load import Sent
    from benchmarks.side_by_side.servers import Running

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "memory.md"
KEPT = Path(tempfile.gettempdir()) / "ebbtide-side-by-side"

MOST_MB, MOST_GROWTH_MB = 400.0, 10.0
CONNECTIONS = 60
WARM_REQUESTS = 10_000
"""Growth is counted from here on: by then every cache, thread and connection is there."""
_AT = (10_000, 100_000, 1_000_000)
_PORTION_SECONDS = 10


def report(folder: Path, scratch: Path, requests: int) -> Iterator[str]:
    """Yield the result as lines of Markdown.

    Parameters
    ----------
    folder : where the champion is kept.
    scratch : an empty folder.
    requests : after how many to stop.
    """
    own = own_champion_in(folder)
    server, config = contest.ebbtide(contest.OWN, own.project_file, scratch)
    work = contest.own_works(own, scratch, key=contest.new_key(config))[0]
    yield "# Memory of the service"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}. `POST /v1/score` with reasons over {CONNECTIONS} "
        f"connections; the champion is a {own.kind} of {len(own.names)} features, as `ebbtide "
        "train` makes it of a simulated shop. The process that asks the registry is not counted."
    )
    yield ""
    yield "| requests | resident MB | proportional MB | minutes | errors |"
    yield "|---:|---:|---:|---:|---:|"
    found: list[tuple[int, float]] = []
    with running(server, log=scratch / "log") as started:
        for count, resident, proportional, minutes, errors in _states(started, work.sent, requests):
            found.append((count, resident))
            yield f"| {count:,} | {resident:.0f} | {proportional:.0f} | {minutes:.1f} | {errors} |"
    yield ""
    yield from _verdicts(found)
    yield ""
    yield from _imports()


def _states(
    started: Running, sent: Sent, requests: int
) -> Iterator[tuple[int, float, float, float, int]]:
    """Yield count, memory, minutes and errors at the start and whenever a count is passed."""
    began = time.monotonic()
    yield (0, *started.memory_mb(), 0.0, 0)
    count = errors = 0
    for wanted in [at for at in _AT if at < requests] + [requests]:
        while count < wanted:
            one = load(started, sent, connections=CONNECTIONS, seconds=_PORTION_SECONDS)
            count, errors = count + one.requests, errors + one.errors
            print(f"{count:,} requests, {one.rate:,.0f}/s", file=sys.stderr, flush=True)
        time.sleep(1)
        yield (count, *started.memory_mb(), (time.monotonic() - began) / 60, errors)


def _verdicts(found: list[tuple[int, float]]) -> Iterator[str]:
    start, last = found[0][1], found[-1]
    warm = next(resident for count, resident in found if count >= WARM_REQUESTS)
    grown, growth = last[1] - start, last[1] - warm
    yield "| measure | reach | reached | holds |"
    yield "|---|---|---:|---|"
    most = max(resident for _, resident in found)
    yield (
        f"| resident after start | < {MOST_MB:.0f} MB | {start:.0f} MB | {_yes(start < MOST_MB)} |"
    )
    yield (
        f"| resident at most, up to {last[0]:,} requests | < {MOST_MB:.0f} MB | {most:.0f} MB | "
        f"{_yes(most < MOST_MB)} |"
    )
    yield (
        f"| growth to {last[0]:,} requests, from the start | < {MOST_GROWTH_MB:.0f} MB | "
        f"{grown:.1f} MB | {_yes(grown < MOST_GROWTH_MB)} |"
    )
    yield (
        f"| growth to {last[0]:,} requests, from {WARM_REQUESTS:,} on | "
        f"< {MOST_GROWTH_MB:.0f} MB | {growth:.1f} MB | {_yes(growth < MOST_GROWTH_MB)} |"
    )


def _imports() -> Iterator[str]:
    """Yield what takes memory when the service is imported, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.side_by_side.imports"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    yield (
        f"Importing the service takes {told['after_mib'] - told['before_mib']:.0f} MiB on top of "
        f"Python's {told['before_mib']:.0f} MiB. The second figure has what a package imports in "
        "turn, as far as it was not there yet."
    )
    yield ""
    yield "| package | own MiB | with what it imports | first asked for by |"
    yield "|---|---:|---:|---|"
    for each in told["packages"]:
        yield (
            f"| {each['package']} | {each['mib']} | {each['with_all_mib']} | "
            f"{each['first_asked_by']} |"
        )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def main() -> None:
    """Print the tables, and keep those of a full run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=_AT[-1], help="after how many to stop")
    parser.add_argument("--folder", type=Path, default=KEPT, help="where the champion is kept")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended then, too
    lines = []
    with tempfile.TemporaryDirectory(prefix="memory-") as scratch:
        for line in report(given.folder, Path(scratch), given.requests):
            print(line, flush=True)
            lines.append(line)
    if given.requests >= _AT[-1]:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
