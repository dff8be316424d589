"""Faults of the registry: swaps, bad bundles, silence and lies, each under a steady load."""

from __future__ import annotations

import random
import shutil
import time
from typing import TYPE_CHECKING

from benchmarks.fault_kinds.line import Line, loaded, served_shop

if TYPE_CHECKING:
    from pathlib import Path

    from faulty_service import FollowingProject

LIES = {
    "refuses": "the registry refuses",
    "hangs": "the registry hangs",
    "hangs half way": "the registry hangs in the middle of a download",
    "is HTML": "the registry answers with HTML",
    "floods": "the registry answers without end",
    "crashes": "the process that asks the registry crashes",
    "is elsewhere": "the registry names a folder elsewhere",
    "is a link": "the registry sends a link",
    "sends without end": "the registry sends a file without end",
    "announces a huge file": "the registry sends a file of 10 GB",
}


def swapped(folder: Path, times: int) -> Line:
    """Swap the champion, back and forth."""
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(5)
        began = time.monotonic()
        for number in range(times):
            project.serve_version((number + 1) % 2, f"{number + 2}@1")
        time.sleep(0.5)
        ended = time.monotonic()
    tally = load.tally
    return Line(
        fault="the champion is swapped",
        times=times,
        before=tally.between(0, began),
        during=tally.between(began, ended),
        besides=f"{(ended - began) / times:.1f} s a swap, trial included",
    )


def bad_bundles(folder: Path, times: int) -> Line:
    """Offer bundles that are truncated, altered, unsigned or signed with another key."""
    chance = random.Random(times)
    with served_shop(folder) as (project, expected), loaded(project, expected) as load:
        time.sleep(5)
        began, memory = time.monotonic(), project.resident_bytes
        refused = 0
        for number in range(times):
            bad = folder / f"bad-{number}"
            _harmed(project, bad, chance, number)
            project.registry_says(f"{number + 2}@1", bad)
            told = project.wait_until(
                lambda told, number=number: any(
                    f"Version {number + 2} " in each for each in told["reasons"]
                )
            )
            refused += told["model_version"] == project.versions[0]
        ended = time.monotonic()
        grown = project.resident_bytes - memory
    return Line(
        fault="a bad bundle is offered (truncated, altered, unsigned, another key)",
        times=times,
        before=load.tally.between(0, began),
        during=load.tally.between(began, ended),
        besides=f"{refused} refused, `degraded` each time; memory {grown / 2**20:+.1f} MB",
    )


def lied_to(folder: Path, times: int) -> list[Line]:
    """Let the registry fail in each way."""
    lines = []
    settings = {"REGISTRY_DEADLINE_SECONDS": "2", "MAX_BUNDLE_BYTES": "4000000"}
    with served_shop(folder, **settings) as (project, expected), loaded(project, expected) as load:
        time.sleep(5)
        started = time.monotonic()
        for how, fault in LIES.items():
            began = time.monotonic()
            for number in range(times):
                project.registry_says(f"{number + 2}@{how}", project.bundle(1), how=how)
                told = project.wait_until(lambda told: told["state"] == "degraded")
                time.sleep(3.0 / times)
                project.registry_says("1@1", project.bundle(0))
                project.wait_until(lambda told: told["state"] == "ready")
            ended = time.monotonic()
            lines.append(
                Line(
                    fault=fault,
                    times=times,
                    before=load.tally.between(0, started),
                    during=load.tally.between(began, ended),
                    besides="`degraded`: " + told["reasons"][0].split(". ")[0][:90],
                )
            )
    return lines


def _harmed(project: FollowingProject, bad: Path, chance: random.Random, number: int) -> None:
    from small_model import write_small_bundle

    shutil.copytree(project.bundle(1), bad)
    kind = number % 10
    if kind == 8:
        (bad / "manifest.sig").unlink()
        return
    if kind == 9:
        shutil.rmtree(bad)
        write_small_bundle(bad, intercept=0.5, key=b"another key")
        return
    file = chance.choice(sorted(bad.iterdir()))
    content = bytearray(file.read_bytes())
    if kind < 4:
        file.write_bytes(content[: chance.randrange(len(content) - 1)])
    else:
        content[chance.randrange(len(content) - 1)] ^= 1 << chance.randrange(7)
        file.write_bytes(content)
