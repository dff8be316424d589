"""The locks hold everything that is asked for, with hashes, and agree with one another."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
each_lock = pytest.mark.parametrize("name", LOCKS)


def blocks(name: str) -> list[str]:
    """Return each package of a lock with its hashes, continuation lines joined."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [block for block in "\n".join(lines).replace("\\\n", " ").splitlines() if block.strip()]


def pins(name: str) -> dict[str, set[Version]]:
    """Return the versions of every package in a lock; more than one where platforms differ."""
    found: dict[str, set[Version]] = {}
    for block in blocks(name):
        pinned = Requirement(block.split("--hash=")[0].strip())
        versions = {Version(part.version) for part in pinned.specifier if part.operator == "=="}
        found.setdefault(canonicalize_name(pinned.name), set()).update(versions)
    return found


def not_satisfied(wanted: list[str], lock: str) -> list[str]:
    """Name the requirements that a lock does not meet."""
    pinned = pins(lock)
    requirements = [Requirement(text) for text in wanted]
    return [
        str(requirement)
        for requirement in requirements
        if not (versions := pinned.get(canonicalize_name(requirement.name)))
        or not all(requirement.specifier.contains(version) for version in versions)
    ]


@each_lock
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    loose = [
        block.split()[0]
        for block in blocks(name)
        if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block) or "==" not in block.split()[0]
    ]
    assert loose == []
    assert blocks(name)


@each_lock
def test_no_lock_says_where_packages_come_from(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"://\S+|index-url|find-links| @ \S+", text) == []


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        (PYPROJECT["project"]["dependencies"], "requirements.lock"),
        (PYPROJECT["project"]["dependencies"], "requirements-dev.lock"),
        (PYPROJECT["dependency-groups"]["dev"], "requirements-dev.lock"),
        (PYPROJECT["build-system"]["requires"], "requirements-build.lock"),
    ],
    ids=["to run", "to run, for developers", "to develop", "to build"],
)
def test_the_lock_meets_what_the_project_asks_for(wanted: list[str], lock: str) -> None:
    assert not_satisfied(wanted, lock) == []


def test_a_package_that_no_lock_holds_would_be_found() -> None:
    assert not_satisfied(["numpy>=999", "no-such-package"], "requirements.lock") == [
        "numpy>=999",
        "no-such-package",
    ]


@pytest.mark.parametrize("smaller", ["requirements.lock", "requirements-build.lock"])
def test_developers_have_the_very_versions_that_users_have(smaller: str) -> None:
    developers = pins("requirements-dev.lock")
    assert {name: developers.get(name) for name in pins(smaller)} == pins(smaller)
