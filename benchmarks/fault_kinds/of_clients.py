"""Faults that clients make: ten times the load, slow ones; and the end of the service itself."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from benchmarks.fault_kinds.line import Line, loaded, served_shop

if TYPE_CHECKING:
    from faulty_service import FollowingProject
    from steady_load import Tally

ROOT = Path(__file__).resolve().parents[2]
_BEFORE_SECONDS, _AFTER_SECONDS, _STEP_SECONDS = 6.0, 6.0, 0.5
_PAUSE_SECONDS = 0.02
"""Between an answer and the next request of each usual client, so that the service has a rest: what
is beside a load that takes all of it cannot be told from that load."""

_SLOW = """
import sys
from slow_clients import SlowClients
with SlowClients(sys.argv[1], int(sys.argv[2])) as slow:
    print("open", flush=True)
    sys.stdin.read()
    print(slow.cut, flush=True)
"""


def overloaded(folder: Path, times: int) -> Line:
    """Send ten times what the service bears, of requests with a hundred rows, beside a usual load.

    They are sent when they are due, whether those before were answered or not.
    """
    from steady_load import Tally

    seconds = 10.0
    with served_shop(folder) as (project, expected):
        bears = _flood(project, rate=0, seconds=4.0, connections=16)
        borne = bears["statuses"]["200"] / bears["seconds"]
        with loaded(project, expected, pause_seconds=_PAUSE_SECONDS) as load:
            time.sleep(_BEFORE_SECONDS)
            usual, before = load.tally.between(0, time.monotonic()), project.resident_bytes
            floods: list[dict[str, Any]] = []
            during, recovery_seconds = Tally(), 0.0
            with _Watch(project) as watch:
                for _ in range(times):
                    began = time.monotonic()
                    floods.append(
                        _flood(project, rate=10 * borne, seconds=seconds, connections=4_000)
                    )
                    ended = time.monotonic()
                    time.sleep(_AFTER_SECONDS)
                    during.told += load.tally.between(began, ended).told
                    recovered_seconds = _recovery_seconds(load.tally, usual, since=ended)
                    recovery_seconds = max(recovery_seconds, recovered_seconds)
    sent = sum(each["sent"] for each in floods) / (seconds * times)
    return Line(
        fault="ten times the load that it bears",
        times=times,
        before=usual,
        during=during,
        besides=(
            f"bears {borne:.0f} requests/s of 100 rows, sent {sent:.0f}/s "
            f"({sent / borne:.1f} x); answers {_statuses(floods)}; {_total(floods, 'cut')} cut, "
            f"{_total(floods, 'unsent')} not sent, {_total(floods, 'unanswered')} not answered, "
            f"{_total(floods, 'unscored')} wrong, "
            f"{_total(floods, 'without_retry')} refusals without Retry-After; refused after "
            f"p50 {_worst(floods, 'refused_p50_ms'):.0f} ms, "
            f"p99 {_worst(floods, 'refused_p99_ms'):.0f} ms; {watch}; "
            f"memory {before / 2**20:.0f} MB, at most {watch.most_bytes / 2**20:.0f} MB; "
            f"as before {recovery_seconds:.1f} s after the end"
        ),
    )


def _recovery_seconds(tally: Tally, usual: Tally, *, since: float) -> float:
    """Return from when on nothing was refused and 19 of 20 answers came within the usual p99."""
    patience_seconds = usual.milliseconds(0.99) / 1000
    last = 0.0
    for step in range(int(_AFTER_SECONDS / _STEP_SECONDS)):
        start = since + step * _STEP_SECONDS
        told = tally.between(start, start + _STEP_SECONDS).told
        late = sum(each.seconds > patience_seconds for each in told)
        if {each.verdict for each in told} != {"right"} or late > 0.05 * len(told):
            last = (step + 1) * _STEP_SECONDS
    return last


def slow_clients(folder: Path, times: int) -> Line:
    """Let 500 clients be slow: heads and bodies byte by byte, answers never read."""
    with (
        served_shop(folder) as (project, expected),
        loaded(project, expected, pause_seconds=_PAUSE_SECONDS) as load,
    ):
        httpx.get(f"{project.address}/openapi.json")  # written once, and asked for by the slow
        time.sleep(_BEFORE_SECONDS)
        began, before = time.monotonic(), project.resident_bytes
        cut = 0
        with _Watch(project) as watch:
            for _ in range(times):
                with _started([sys.executable, "-c", _SLOW, project.address, "500"]) as slow:
                    assert slow.stdout is not None
                    assert slow.stdout.readline() == "open\n"
                    time.sleep(25)
                    out, _ = slow.communicate()
                    cut += int(out)
        ended = time.monotonic()
    return Line(
        fault="500 slow clients for 25 s",
        times=times,
        before=load.tally.between(0, began),
        during=load.tally.between(began, ended),
        besides=(
            f"{cut} cut; {watch}; memory {before / 2**20:.0f} MB, at most "
            f"{watch.most_bytes / 2**20:.0f} MB; at most {watch.most_descriptors} descriptors"
        ),
    )


def told_to_end(folder: Path, times: int) -> Line:
    """Tell the service to end, under load, and start it again."""
    took: list[float] = []
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(4)
        began = time.monotonic()
        for _ in range(times):
            load.wait_for(100)
            assert project.process is not None
            project.process.send_signal(signal.SIGTERM)
            sent = time.monotonic()
            project.process.wait(60)
            took.append(time.monotonic() - sent)
            project.start()
            project.wait_until(lambda told: told["state"] == "ready")
        load.wait_for(100)
        ended = time.monotonic()
        load.stop()
        with contextlib.closing(sqlite3.connect(project.folder / ".ebbtide/store.db")) as store:
            kept = {row[0] for row in store.execute("SELECT prediction_id FROM predictions")}
    told = [each for answer in load.tally.told for each in answer.predictions]
    return Line(
        fault="SIGTERM under load, and a new start",
        times=times,
        before=load.tally.between(0, began),
        during=load.tally.between(began, ended),
        besides=(
            f"gone after {min(took):.1f} to {max(took):.1f} s; of {len(told):,} acknowledged "
            f"{len(set(told) - kept)} not in the log; refused are new connections meanwhile"
        ),
    )


class _Watch:
    """Asks probes, and looks at memory and descriptors, while something goes on."""

    def __init__(self, project: FollowingProject) -> None:
        self._project = project
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._seconds: dict[str, list[float]] = {"/livez": [], "/readyz": []}
        self._failed = 0
        self.most_bytes = self.most_descriptors = 0

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def __str__(self) -> str:
        told = [
            f"{path} p99 {np.quantile(seconds or [float('nan')], 0.99) * 1000:.0f} ms"
            for path, seconds in self._seconds.items()
        ]
        return f"{', '.join(told)}, {self._failed} of {self._count} probes failed"

    @property
    def _count(self) -> int:
        return self._failed + sum(map(len, self._seconds.values()))

    def _look(self) -> None:
        # One client for all: to make one takes longer than to be answered. A connection for each.
        with httpx.Client(timeout=5, headers={"Connection": "close"}) as client:
            while not self._ended.wait(0.1):
                self._look_once(client)

    def _look_once(self, client: httpx.Client) -> None:
        self.most_bytes = max(self.most_bytes, self._project.resident_bytes)
        self.most_descriptors = max(self.most_descriptors, self._project.descriptors)
        for path, seconds in self._seconds.items():
            began = time.monotonic()
            try:
                is_well = client.get(f"{self._project.address}{path}").is_success
            except httpx.TransportError:
                is_well = False
            self._failed += not is_well
            if is_well:
                seconds.append(time.monotonic() - began)


def _flood(
    project: FollowingProject, *, rate: float, seconds: float, connections: int
) -> dict[str, Any]:
    host, port = project.address.removeprefix("http://").split(":")
    given = (host, port, str(rate), str(seconds), str(connections))
    command = [sys.executable, "-m", "benchmarks.fault_kinds.flood", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def _statuses(floods: list[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for flood in floods:
        for status, count in flood["statuses"].items():
            counts[status] = counts.get(status, 0) + count
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()))


def _total(floods: list[dict[str, Any]], what: str) -> int:
    return sum(int(each[what]) for each in floods)


def _worst(floods: list[dict[str, Any]], what: str) -> float:
    return max(each[what] or 0.0 for each in floods)


@contextlib.contextmanager
def _started(command: list[str]) -> Any:
    import os

    path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
