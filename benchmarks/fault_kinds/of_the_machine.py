"""Faults of the machine: full and read-only disks, a clock that jumps, too few descriptors."""

from __future__ import annotations

import resource
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.fault_kinds.line import Line, loaded, served_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steady_load import SteadyLoad

_WARNED = ("warnings", "warning_codes")


def clock_jumps(folder: Path, times: int) -> Line:
    """Let the clock go back an hour, and forth again."""
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(3)
        began = time.monotonic()
        for _ in range(times):
            for ahead_seconds in (-3600.0, 0.0):
                project.clock_says(ahead_seconds)
                time.sleep(1.0)
        ended = time.monotonic()
    return _line("the clock goes back an hour and forth again", times, load, began, ended)


def bundles_full(folder: Path, times: int) -> Line:
    """Promote another version while the disk of the bundles is full."""
    with _own_disk(folder / "shop" / ".ebbtide" / "service") as place:
        return _not_taken_in(folder, times, place, "the disk of the bundles is full", _full)


def bundles_read_only(folder: Path, times: int) -> Line:
    """Promote another version while the folder of the bundles is read only."""
    with _own_disk(folder / "shop" / ".ebbtide" / "service") as place:
        fault = "the folder of the bundles is read only"
        return _not_taken_in(folder, times, place, fault, _read_only)


def _not_taken_in(folder: Path, times: int, place: Path, fault: str, harmed: object) -> Line:
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(3)
        began = time.monotonic()
        for number in range(times):
            with harmed(place):  # type: ignore[operator]
                project.registry_says(f"{number + 2}@1", project.bundle((number + 1) % 2))
                told = project.wait_until(lambda told: told["state"] == "degraded")
                time.sleep(0.5)
            version = project.versions[(number + 1) % 2]
            project.wait_until(
                lambda told, version=version: (
                    (told["state"], told["model_version"]) == ("ready", version)
                )
            )
        ended = time.monotonic()
    return _line(fault, times, load, began, ended, besides=told["reasons"][0].split(". ")[0][:90])


def spool_full(folder: Path, times: int) -> Line:
    """Hold the store while answers go to the spool, on a disk that is full then."""
    import sqlite3
    from contextlib import closing

    settings = {"LOG_REQUIRED": "false", "STORE_WAIT_SECONDS": "0.3"}
    with (
        _own_disk(folder / "shop" / ".ebbtide" / "service") as place,
        served_shop(folder, **settings) as (project, expected),
        loaded(project, expected, without=_WARNED) as load,
    ):
        time.sleep(3)
        began = time.monotonic()
        for _ in range(times):
            store = project.folder / ".ebbtide" / "store.db"
            with closing(sqlite3.connect(store, isolation_level=None, timeout=30)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(1.5)
                with _full(place):
                    time.sleep(1.5)
                other.rollback()
            project.wait_until(lambda told: told["state"] == "ready")
        ended = time.monotonic()
    fault = "the store is held for 3 s, the spool's disk full for half of it (log not required)"
    return _line(fault, times, load, began, ended)


def out_of_descriptors(folder: Path, times: int) -> Line:
    """Allow 64 descriptors, and take them all with connections."""
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(3)
        began = time.monotonic()
        assert project.process is not None
        before = resource.prlimit(project.process.pid, resource.RLIMIT_NOFILE)
        host, port = project.address.removeprefix("http://").split(":")
        for _ in range(times):
            resource.prlimit(project.process.pid, resource.RLIMIT_NOFILE, (64, before[1]))
            held = [socket.create_connection((host, int(port)), timeout=5) for _ in range(80)]
            time.sleep(1.5)
            for connection in held:
                connection.close()
            resource.prlimit(project.process.pid, resource.RLIMIT_NOFILE, before)
            load.wait_for(50)
        ended = time.monotonic()
    return _line("64 descriptors, all taken by connections", times, load, began, ended)


def _line(
    fault: str, times: int, load: SteadyLoad, began: float, ended: float, *, besides: str = ""
) -> Line:
    return Line(
        fault=fault,
        times=times,
        before=load.tally.between(0, began),
        during=load.tally.between(began, ended),
        besides=besides,
    )


@contextmanager
def _own_disk(place: Path) -> Iterator[Path]:
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def _full(place: Path) -> Iterator[None]:
    with (place / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    try:
        yield
    finally:
        (place / "filler").unlink()


@contextmanager
def _read_only(place: Path) -> Iterator[None]:
    deadline = time.monotonic() + 20
    while subprocess.run(["mount", "-o", "remount,ro", str(place)], check=False).returncode:
        assert time.monotonic() < deadline, "a file is being written there"
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
