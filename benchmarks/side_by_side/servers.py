"""Servers as processes of their own: pinned to one core, waited for, paused, always ended.

What they do is not known here. A server may have children, in sessions of their own even: time and
memory are counted, and signals sent, over all of them.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
SERVER_CORE = 0
PATIENCE_SECONDS = 600.0
_TICKS = os.sysconf("SC_CLK_TCK")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_ROOT = Path(__file__).resolve().parent.parent.parent


class ServerError(Exception):
    """A server did not start, or ended; the message ends with what it last said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to start a server.

    Parameters
    ----------
    name : in tables.
    command : with ``{port}`` where the port stands.
    ready : path that answers 200 when it is ready.
    environment : variables beside those of this process.
    """

    name: str
    command: tuple[str, ...]
    ready: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs."""

    server: Server
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def cpu_seconds(self) -> float:
        """Return how long it has computed, its children included, user and system."""
        return sum(map(_cpu_seconds, family(self.process.pid)))

    def memory_mb(self) -> tuple[float, float]:
        """Return resident and proportional memory of the process, its children apart, in 1e6 B."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="ascii")
        sizes = {line.split(":")[0]: line.split()[1] for line in rollup.splitlines()[1:]}
        return int(sizes["Rss"]) * 1024 / 1e6, int(sizes["Pss"]) * 1024 / 1e6

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to its children."""
        for pid in family(self.process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def last_words(self) -> str:
        """Return the end of what it has said."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-15:])


@contextmanager
def running(server: Server, *, log: Path) -> Iterator[Running]:
    """Start a server on one core, yield it when it is ready, and end it in any case.

    Parameters
    ----------
    server : which.
    log : file for everything that it says.

    Raises
    ------
    ServerError
        If it ends or is not ready in time.
    """
    port = _free_port()
    command = [part.replace("{port}", str(port)) for part in server.command]
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_ONE_THREAD, **server.environment},
            cwd=_ROOT,
            start_new_session=True,
        )
    started = Running(server=server, process=process, port=port, log=log)
    try:
        _wait(started)
        yield started
    finally:
        _end(started)


@contextmanager
def alone(chosen: Running, everyone: list[Running]) -> Iterator[None]:
    """Let only one of the servers run for as long as the block lasts."""
    others = [each for each in everyone if each is not chosen]
    chosen.send(signal.SIGCONT)
    for other in others:
        other.send(signal.SIGSTOP)
    try:
        yield
    finally:
        for other in others:
            other.send(signal.SIGCONT)


def family(pid: int) -> list[int]:
    """Return a process and all that come from it, as far as they are there."""
    found = [pid]
    for each in found:
        for listed in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, listed.read_text(encoding="ascii").split())
            except OSError:
                continue
    return found


def _cpu_seconds(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(started: Running) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        if started.process.poll() is not None:
            raise ServerError(
                f"{started.server.name} ended with exit code {started.process.returncode}:\n"
                f"{started.last_words()}"
            )
        try:
            if httpx.get(started.address + started.server.ready, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise ServerError(f"{started.server.name} is not ready:\n{started.last_words()}")


def _end(started: Running) -> None:
    started.send(signal.SIGCONT)
    members = family(started.process.pid)
    started.process.terminate()
    with suppress(subprocess.TimeoutExpired):
        started.process.wait(20)
    for pid in members:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    started.process.wait()
