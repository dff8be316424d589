"""A service that follows a registry which does what a test says: answers, hangs, lies.

The service is a process of its own and asks as always, through a process that it may end; only the
program of that process is another one, which reads from a file how to behave.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from durable_service import ServedProject
from ebbtide.bundle.read import read_bundle
from small_model import KEY, write_small_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHILD = """
import json, os, shutil, sys, time
from pathlib import Path

def says_of(asked):
    says = json.loads(Path(sys.argv[1]).read_text())
    how, identity = says["how"], says["identity"]
    if how == "hangs":
        time.sleep(3600)
    if how == "refuses":
        return json.dumps({"error": "ConnectionRefusedError"})
    if how == "is HTML":
        return "<html><body>502 Bad Gateway</body></html>"
    if how == "floods":
        return "x" * 1000000
    if how == "crashes":
        os.abort()
    answer = {"identity": identity, "version": identity.partition("@")[0], "bundle": None}
    if asked["known"] == identity:
        return json.dumps(answer)
    place = Path(asked["staging"]) / "artifacts" / "bundle"
    if how == "is elsewhere":
        return json.dumps({**answer, "bundle": says["bundle"]})
    if how == "is a link":
        place.parent.mkdir()
        place.symlink_to(says["bundle"])
        return json.dumps({**answer, "bundle": str(place)})
    shutil.copytree(says["bundle"], place, symlinks=True)
    if how == "hangs half way":
        (place / "manifest.json").unlink()
        time.sleep(3600)
    if how == "sends without end":
        with (place / "model.lgb").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 100000)
                time.sleep(0.001)
    if how == "announces a huge file":
        with (place / "linear.json").open("wb") as file:
            file.truncate(10 * 2**30)
    return json.dumps({**answer, "bundle": str(place)})

for line in sys.stdin:
    print(says_of(json.loads(line)), flush=True)
"""
_PROGRAM = """
import os, sys, time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
import service.app
from service.champion.registry import RegistryProcess
from service.run import serve

folder = Path(sys.argv[1])
command = (sys.executable, "-S", "-c", sys.argv[2], str(folder / "registry.json"))
service.app.RegistryProcess = partial(RegistryProcess, command=command)
clock = folder / "clock"

def now():
    ahead_seconds = float(clock.read_text()) if clock.exists() else 0.0
    return datetime.now(UTC) + timedelta(seconds=ahead_seconds)

service.app.create_app.__kwdefaults__["now"] = now
serve(folder / "ebbtide.toml", port=0)
"""
FAST = {
    "BUNDLE_KEY": KEY.decode(),
    "CHAMPION_POLL_SECONDS": "0.1",
    "REGISTRY_DEADLINE_SECONDS": "5",
    "RATE_LIMIT": "1000000/second",
}


@dataclass(kw_only=True)
class FollowingProject(ServedProject):
    """A project whose service follows a registry, and the bundles that this may name.

    Parameters
    ----------
    versions : of the bundles, in the order of their names.
    """

    versions: list[str] = field(default_factory=list)

    @property
    def command(self) -> tuple[str, ...]:
        """What is run."""
        return (sys.executable, "-c", _PROGRAM, str(self.folder), _CHILD)

    def bundle(self, number: int) -> Path:
        """Where a bundle is."""
        return self.folder / f"bundle-{number}"

    def registry_says(self, identity: str, bundle: Path | None = None, *, how: str = "is") -> None:
        """Tell the registry what to say from now on."""
        said = {"identity": identity, "bundle": str(bundle or self.bundle(0)), "how": how}
        draft = self.folder / "registry.draft"
        draft.write_text(json.dumps(said), encoding="utf-8")
        os.replace(draft, self.folder / "registry.json")

    def clock_says(self, ahead_seconds: float) -> None:
        """Let the service's clock go ahead, or behind."""
        draft = self.folder / "clock.draft"
        draft.write_text(str(ahead_seconds), encoding="utf-8")
        os.replace(draft, self.folder / "clock")

    def readiness(self) -> dict[str, Any]:
        """Return what ``/readyz`` says."""
        said: dict[str, Any] = httpx.get(f"{self.address}/readyz", timeout=10).json()
        return said

    def wait_until(
        self, holds: Callable[[dict[str, Any]], bool], *, seconds: float = 40.0
    ) -> dict[str, Any]:
        """Return what ``/readyz`` says when it is as wished."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            if holds(said := self.readiness()):
                return said
            time.sleep(0.05)
        raise AssertionError(said)

    def serve_version(self, number: int, identity: str) -> None:
        """Make a bundle the champion, and return when it is served."""
        self.registry_says(identity, self.bundle(number))
        self.wait_until(lambda said: said["model_version"] == self.versions[number])

    @property
    def resident_bytes(self) -> int:
        """Memory of the process that serves."""
        assert self.process is not None
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.findall(r"VmRSS:\s+(\d+) kB", status.read())[0]) * 1024

    @property
    def descriptors(self) -> int:
        """Open files of the process that serves."""
        assert self.process is not None
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def following(folder: Path, *, bundles: int = 2, **settings: str) -> FollowingProject:
    """Write a project with some small models into a folder; the registry names the first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ebbtide.toml").write_text(
        '[project]\nname = "faulty"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    made = FollowingProject(folder=folder, settings={**FAST, **settings})
    for number in range(bundles):
        write_small_bundle(made.bundle(number), intercept=0.5 * number)
        made.versions.append(read_bundle(made.bundle(number), key=KEY).version)
    made.registry_says("1@1")
    return made
