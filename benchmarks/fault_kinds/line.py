"""A line of the table of faults: what became of requests while something failed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faulty_service import FollowingProject
    from steady_load import SteadyLoad, Tally

HEADER = (
    "| fault | times | requests | wrong | refused | slow | lost | p50 before | p99 before "
    "| p50 during | p99 during | besides |"
)
CLIENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one fault did to a steady load.

    Parameters
    ----------
    fault : in words.
    times : how often it was made.
    before, during : what became of the requests.
    besides : what else was seen.
    """

    fault: str
    times: int
    before: Tally
    during: Tally
    besides: str = ""

    def __str__(self) -> str:
        """Return the line as a row of the table."""
        found = self.during.verdicts
        times = [
            f"{tally.milliseconds(share):.0f}"
            for tally in (self.before, self.during)
            for share in (0.5, 0.99)
        ]
        cells = [
            *(self.fault, self.times, f"{len(self.during.told):,}", found["wrong"]),
            *(f"{found['refused']:,}", self.during.slow, found["lost"], *times, self.besides),
        ]
        return "| " + " | ".join(map(str, cells)) + " |"


@contextmanager
def served_shop(
    folder: Path, **settings: str
) -> Iterator[tuple[FollowingProject, dict[tuple[str, str], Any]]]:
    """Serve a project that follows a registry, and tell what its two versions have to answer."""
    from durable_service import served
    from ebbtide.bundle.read import read_bundle
    from faulty_service import following
    from small_model import KEY
    from steady_load import expected_answers

    project = following(folder / "shop", **settings)
    bundles = [read_bundle(project.bundle(number), key=KEY) for number in range(2)]
    expected = expected_answers(bundles, folder / "alone")
    with served(project):
        project.wait_until(lambda told: told["state"] == "ready")
        yield project, expected


@contextmanager
def loaded(
    project: FollowingProject, expected: dict[tuple[str, str], Any], **how: Any
) -> Iterator[SteadyLoad]:
    """Keep clients asking for as long as the block lasts."""
    from steady_load import SteadyLoad

    load = SteadyLoad(lambda: project.address, expected, **{"count": CLIENTS, **how})
    with load:
        load.wait_for(50)
        yield load
    for text in load.wrong[:3]:
        print(text, file=sys.stderr)
