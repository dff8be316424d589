"""Where a server's time goes under load: by py-spy if that is on the path, by cProfile else.

py-spy looks at whichever thread runs Python, and slows it little; what lets go of the interpreter
meanwhile, as trees and commits do, it does not see. cProfile sees the main thread only, where the
event loop runs, and slows it much: its shares count, not its times.
"""

from __future__ import annotations

import pstats
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.side_by_side.load import load
from benchmarks.side_by_side.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.side_by_side.contest import Work
    from benchmarks.side_by_side.load import Measured
    from benchmarks.side_by_side.servers import Running, Server

TOP = 25
SECONDS = 10
_WARM_SECONDS = 3
_A_SECOND = 200
_MOST_SHARE = 0.8
"""What holds more than that is the way into the event loop."""


def profiled(work: Work, server: Server, scratch: Path, *, connections: int) -> Iterator[str]:
    """Start a server, load it, and yield where its time goes as lines of text.

    Parameters
    ----------
    work : what is sent.
    server : what answers.
    scratch : folder for logs.
    connections : over which it is loaded.
    """
    spy = shutil.which("py-spy")
    if spy is None:
        yield from _by_cprofile(work, server, scratch, connections=connections)
        return
    with running(server, log=scratch / "log") as started:
        load(started, work.sent, connections=connections, seconds=_WARM_SECONDS)
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(
                load, started, work.sent, connections=connections, seconds=SECONDS + 2
            )
            samples = _samples(spy, started, scratch / "samples")
            yield from _told(work, loading.result(), "py-spy")
        total = sum(samples.values())
        yield from _ranked("itself", _by_frame(samples, only_last=True), total)
        yield from _ranked("with what it calls", _by_frame(samples, only_last=False), total)


def _samples(spy: str, started: Running, file: Path) -> Counter[str]:
    """Return how often each stack was seen, its frames separated by semicolons."""
    how = (
        "--gil",
        "--nonblocking",
        "--format",
        "raw",
        "--rate",
        str(_A_SECOND),
        "--duration",
        str(SECONDS),
    )
    command = [spy, "record", *how, "--output", str(file), "--pid", str(started.process.pid)]
    subprocess.run(command, capture_output=True, check=True)
    seen: Counter[str] = Counter()
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        stack, _, count = line.rpartition(" ")
        seen[stack] += int(count)
    return seen


def _by_frame(samples: Counter[str], *, only_last: bool) -> Counter[str]:
    seen: Counter[str] = Counter()
    for stack, count in samples.items():
        frames = stack.split(";")
        for frame in {frames[-1]} if only_last else set(frames):
            seen[frame] += count
    return seen


def _ranked(what: str, seen: Counter[str], total: int) -> Iterator[str]:
    yield ""
    yield f"Share of {total:,} samples, {what}:"
    told = [each for each in seen.most_common() if each[1] <= _MOST_SHARE * total]
    for frame, count in told[:TOP]:
        yield f"{100 * count / max(1, total):6.1f} %  {frame}"


def _by_cprofile(work: Work, server: Server, scratch: Path, *, connections: int) -> Iterator[str]:
    file = scratch / "profile"
    program, *words = server.command
    rest = words if program == sys.executable else [program, *words]
    watched = (sys.executable, "-m", "cProfile", "-o", str(file), *rest)
    with running(replace(server, command=watched), log=scratch / "log") as started:
        load(started, work.sent, connections=connections, seconds=_WARM_SECONDS)
        yield from _told(
            work, load(started, work.sent, connections=connections, seconds=SECONDS), "cProfile"
        )
        started.process.send_signal(signal.SIGINT)  # only then the profile is written
        started.process.wait(60)
    told = scratch / "told"
    with told.open("w", encoding="utf-8") as stream:
        stats = pstats.Stats(str(file), stream=stream)
        stats.sort_stats("tottime").print_stats(TOP)
        stats.sort_stats("cumulative").print_stats(TOP)
    yield from told.read_text(encoding="utf-8").splitlines()


def _told(work: Work, one: Measured, how: str) -> Iterator[str]:
    yield (
        f"{work.name}: {one.rate:,.0f} requests/s, {one.cpu_us:,.0f} µs of computing each, "
        f"{one.errors} errors, under {how}"
    )
