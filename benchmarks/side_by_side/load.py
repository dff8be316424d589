"""Load by wrk on the other core, and what came of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.side_by_side.servers import Running

LOAD_CORE = 1
_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is sent.

    Parameters
    ----------
    method, path : ``GET`` with ``%s`` in the path where a line of the file goes, or ``POST``.
    lines : file with a body, or a customer, in each line; they are sent in turn.
    key : API key; None for none.
    rows : customers in each request.
    """

    method: str
    path: str
    lines: Path
    key: str | None = None
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round of load.

    Parameters
    ----------
    rate : requests a second.
    p50_ms, p99_ms, slowest_ms : latency as wrk saw it.
    errors : answers that were no success, and sockets that failed.
    requests : how many.
    cpu_us : computing time of the server for each request, its children included.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    errors: int
    requests: int
    cpu_us: float


def load(server: Running, sent: Sent, *, connections: int, seconds: float) -> Measured:
    """Send requests for some seconds over so many connections, and return what came of it.

    Parameters
    ----------
    server : to which.
    sent : what.
    connections : each sends its next request when the last one is answered.
    seconds : how long.
    """
    before = server.cpu_seconds()
    command = [
        *("taskset", "-c", str(LOAD_CORE), "wrk", "--threads", "1"),
        *("--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"),
        *("--timeout", "30s", "--script", str(_SCRIPT), server.address, "--"),
        *(sent.method, sent.path, str(sent.lines), sent.key or "-"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"wrk failed: {ran.stderr or ran.stdout}")
    told = json.loads(ran.stdout.splitlines()[-1])
    computed = server.cpu_seconds() - before
    count = told["requests"]
    return Measured(
        rate=count / (told["microseconds"] / 1e6),
        p50_ms=told["p50"] / 1e3,
        p99_ms=told["p99"] / 1e3,
        slowest_ms=told["slowest"] / 1e3,
        errors=told["status"] + told["socket"],
        requests=count,
        cpu_us=1e6 * computed / max(1, count),
    )
