"""Speed of the service beside what people use today: ``python -m benchmarks.serving``.

Every server has one worker on one core, wrk sends from another; all of them serve the same trees,
and while one is measured the others are stopped. Rounds go over all of them in turn, so that noise
of the machine hits all alike. Needs ``wrk`` and ``taskset`` and two cores. Prints two tables, kept
in ``benchmarks/results/serving.md``; ``--quick`` takes about two minutes and keeps nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np

from benchmarks.commit import commit
from benchmarks.side_by_side import contest
from benchmarks.side_by_side.load import load
from benchmarks.side_by_side.model import LEAVES, TREES, made_in
from benchmarks.side_by_side.own_champion import own_champion_in
from benchmarks.side_by_side.report import Figures, Run, reached, table
from benchmarks.side_by_side.sampled import profiled
from benchmarks.side_by_side.servers import alone, running
from benchmarks.side_by_side.stored import store_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.side_by_side.contest import Work
    from benchmarks.side_by_side.load import Measured
    from benchmarks.side_by_side.servers import Running, Server

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "serving.md"
KEPT = Path(tempfile.gettempdir()) / "ebbtide-side-by-side"
"""Where the model, the champion and the stored scores are kept from run to run."""

_CHECKED = 20
_TOLERATED = 1e-10
_BATCH_SECONDS = 5
"""At least, so that enough batches come to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long to measure.

    Parameters
    ----------
    rounds : over all servers.
    seconds : of load, for each line and number of connections in each round.
    warm_seconds : of load before, for each line.
    connections : only these, of those that a line names; None for all.
    """

    rounds: int
    seconds: float
    warm_seconds: float
    connections: frozenset[int] | None = None


FULL = Plan(rounds=3, seconds=3, warm_seconds=2)
QUICK = Plan(rounds=1, seconds=1, warm_seconds=1, connections=frozenset({1, 8, 32}))


def measure(folder: Path, scratch: Path, plan: Plan, *, only: str = "") -> Run:
    """Start every server, measure them in turn, and return what was found.

    Parameters
    ----------
    folder : where the model and what belongs to it are kept.
    scratch : an empty folder, for the stores and logs of this run.
    plan : how long.
    only : measure only lines with this text in their name.
    """
    works, servers, expected = _contest(folder, scratch)
    chosen = [work for work in works if only.lower() in work.name.lower()]
    needed = {work.server for work in chosen}
    with ExitStack() as ending:
        started: dict[str, Running] = {}
        for server in servers:
            if server.name in needed:
                log = scratch / f"{len(started)}.log"
                started[server.name] = ending.enter_context(running(server, log=log))
                _say(f"{server.name} is ready")
        everyone = list(started.values())
        refused = {}
        for work in chosen:
            with alone(started[work.server], everyone):
                fault = _fault(work, started[work.server], expected)
                if fault:
                    refused[work.name] = fault
                else:
                    connections = min(8, max(work.connections))
                    load(
                        started[work.server],
                        work.sent,
                        connections=connections,
                        seconds=plan.warm_seconds,
                    )
        rounds = _rounds([w for w in chosen if w.name not in refused], started, plan)
    rows = {work.name: work.sent.rows for work in chosen}
    figures = {at: Figures.of(found, rows=rows[at[0]]) for at, found in rounds.items()}
    return Run(works=chosen, figures=figures, refused=refused)


def profile(folder: Path, scratch: Path, *, only: str) -> Iterator[str]:
    """Yield where the time of one server goes: of the first line with a text in its name.

    Parameters
    ----------
    folder : where the model and what belongs to it are kept.
    scratch : an empty folder.
    only : the text; without it, Ebbtide's score with reasons.
    """
    works, servers, _ = _contest(folder, scratch)
    wanted = only or contest.REASONS
    work = next(each for each in works if wanted.lower() in each.name.lower())
    server = next(each for each in servers if each.name == work.server)
    connections = 32 if 32 in work.connections else max(work.connections)
    yield from profiled(work, server, scratch, connections=connections)


def _contest(folder: Path, scratch: Path) -> tuple[list[Work], list[Server], np.ndarray]:
    """Return the lines, the servers, and the probabilities of the first customers."""
    made = made_in(folder)
    store_scores(made)
    own = own_champion_in(folder)
    keyed, config = contest.ebbtide(contest.EBBTIDE, made.project_file, scratch)
    demo, _ = contest.ebbtide(contest.DEMO, made.project_file, scratch)
    of_shop, shop_config = contest.ebbtide(contest.OWN, own.project_file, scratch)
    works = [
        *contest.reference_works(made, scratch),
        *contest.ebbtide_works(made, scratch, key=contest.new_key(config)),
        *contest.demo_works(made, scratch),
        *contest.own_works(own, scratch, key=contest.new_key(shop_config)),
    ]
    return works, [*contest.references(made), keyed, demo, of_shop], made.expected(_CHECKED)


def _fault(work: Work, server: Running, expected: np.ndarray) -> str | None:
    """Return what is wrong with the first answers of a server; None if they are true."""
    headers = {"Content-Type": "application/json"}
    if work.sent.key is not None:
        headers["Authorization"] = f"Bearer {work.sent.key}"
    lines = work.sent.lines.read_text(encoding="utf-8").splitlines()[:_CHECKED]
    told: list[float] = []
    with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
        for line in lines:
            if work.sent.method == "GET":
                answer = client.get(work.sent.path.replace("%s", line))
            else:
                answer = client.post(work.sent.path, content=line)
            if answer.status_code != 200:
                return f"status {answer.status_code}: {answer.text[:200]}"
            if work.told is not None and len(told) < _CHECKED:
                told += work.told(answer.json())
    if work.told is not None:
        said = np.array(told[:_CHECKED], dtype=np.float64)  # NaN for none
        worst = float(np.abs(said - expected).max())
        if not worst <= _TOLERATED:
            return f"its probabilities differ by up to {worst:.2g}"
    return None


def _rounds(
    works: list[Work], started: dict[str, Running], plan: Plan
) -> dict[tuple[str, int], list[Measured]]:
    found: dict[tuple[str, int], list[Measured]] = {}
    for number in range(plan.rounds):
        _say(f"round {number + 1} of {plan.rounds}")
        for work in works:
            for connections in work.connections:
                if plan.connections is not None and connections not in plan.connections:
                    continue
                server = started[work.server]
                with alone(server, list(started.values())):
                    seconds = max(plan.seconds, _BATCH_SECONDS if work.sent.rows > 1 else 0)
                    one = load(server, work.sent, connections=connections, seconds=seconds)
                found.setdefault((work.name, connections), []).append(one)
                _say(f"{work.name}, {connections}: {one.rate * work.sent.rows:,.0f}/s")
    return found


def report(run: Run, plan: Plan) -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    yield "# The service beside what people use today"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, commit {commit()}, load of the machine by others and this "
        f"{os.getloadavg()[0]:.1f}. Made by `python -m benchmarks.serving`."
    )
    yield ""
    yield (
        f"LightGBM of 60 features and {TREES} trees of up to {LEAVES} leaves; the same trees, and "
        "for 10,000 customers in rotation the same probabilities, everywhere. Servers have one "
        "worker on one core, wrk is on another; while one is measured the others are stopped. "
        f"{plan.rounds} rounds of {plan.seconds:g} s, medians. A batch counts its customers, and "
        "its latencies are of whole batches. CPU is the server's computing time for each customer, "
        "user and system. Ebbtide writes every answer to its log (SQLite) before it sends it, "
        "checks a key, and logs to a file; scores of 100,000 customers are stored."
    )
    yield ""
    yield from table(run)
    yield ""
    yield "What was to be reached. The other stands at the connections where it is fastest."
    yield ""
    yield from reached(run)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Print the tables, and keep those of a full run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look, in two minutes")
    parser.add_argument("--only", default="", help="lines with this text in their name")
    parser.add_argument("--folder", type=Path, default=KEPT, help="where models are kept")
    parser.add_argument("--rounds", type=int, help="how many rounds")
    parser.add_argument("--seconds", type=float, help="of load for each line and round")
    parser.add_argument("--profile", action="store_true", help="where the first line's time goes")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended then, too
    if given.profile:
        with tempfile.TemporaryDirectory(prefix="serving-") as scratch:
            for line in profile(given.folder, Path(scratch), only=given.only):
                print(line, flush=True)
        return
    base = QUICK if given.quick else FULL
    plan = Plan(
        rounds=given.rounds or base.rounds,
        seconds=given.seconds or base.seconds,
        warm_seconds=base.warm_seconds,
        connections=base.connections,
    )
    with tempfile.TemporaryDirectory(prefix="serving-") as scratch:
        run = measure(given.folder, Path(scratch), plan, only=given.only)
    lines = list(report(run, plan))
    print("\n".join(lines))
    if not given.quick and not given.only:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
