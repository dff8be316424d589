"""The Dockerfile has no finding of hadolint, and keeps the rules that hadolint does not have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HADOLINT = str(Path(sys.executable).with_name("hadolint"))


class Instruction(NamedTuple):
    """One instruction, its continuation lines joined."""

    word: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Read a Dockerfile into its instructions."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    words = [line.strip().split(None, 1) for line in joined.splitlines() if line.strip()]
    return [Instruction(word.upper(), " ".join(rest.split())) for word, rest in words]


def last_stage(found: list[Instruction]) -> list[Instruction]:
    """Return the instructions of the stage that becomes the image."""
    start = max(at for at, step in enumerate(found) if step.word == "FROM")
    return found[start:]


def rests(found: list[Instruction], word: str) -> list[str]:
    """Return what follows every instruction of one kind."""
    return [step.rest for step in found if step.word == word]


def has_stages(found: list[Instruction]) -> bool:
    """What builds is not what runs."""
    copies = [rest for rest in rests(last_stage(found), "COPY") if "--from=" in rest]
    return len(rests(found, "FROM")) >= 2 and bool(copies)


def runs_as_nobody_special(found: list[Instruction]) -> bool:
    """The last user is neither root (which hadolint finds) nor left out (which it does not)."""
    users = rests(last_stage(found), "USER")
    return bool(users) and users[-1].split(":")[0] not in {"root", "0"}


def is_watched(found: list[Instruction]) -> bool:
    """A health check asks the process whether it lives."""
    return any("/livez" in rest for rest in rests(last_stage(found), "HEALTHCHECK"))


def adds_nothing_from_afar(found: list[Instruction]) -> bool:
    """COPY, never ADD: nothing is unpacked or downloaded unseen (hadolint lets addresses pass)."""
    return not rests(found, "ADD")


def packages_are_hash_locked(found: list[Instruction]) -> bool:
    """Every pip install checks hashes, or takes a local wheel and nothing else."""
    parts = [part for rest in rests(found, "RUN") for part in rest.split("&&")]
    installs = [part for part in parts if "pip install" in part]
    return bool(installs) and all(
        "--require-hashes" in part or ("--no-index" in part and "--no-deps" in part)
        for part in installs
    )


def starts_without_a_shell(found: list[Instruction]) -> bool:
    """The command is a JSON list, so that signals reach the service."""
    commands = rests(last_stage(found), "CMD")
    return len(commands) == 1 and commands[0].startswith('["ebbtide", "serve"')


def says_its_port(found: list[Instruction]) -> bool:
    """The port that is exposed is the one that is listened on."""
    commands = rests(last_stage(found), "CMD")
    return rests(last_stage(found), "EXPOSE") == ["8000"] and '"--port", "8000"' in commands[0]


RULES: tuple[tuple[Callable[[list[Instruction]], bool], str, str], ...] = (
    (has_stages, "COPY --from=build", "COPY"),
    (runs_as_nobody_special, "USER 10001:10001", ""),
    (is_watched, "/livez", "/"),
    (adds_nothing_from_afar, "COPY ebbtide ebbtide", "ADD https://example.org/x ebbtide"),
    (packages_are_hash_locked, "--require-hashes", "--upgrade"),
    (starts_without_a_shell, 'CMD ["ebbtide", "serve"', 'CMD ["sh", "-c"'),
    (says_its_port, "EXPOSE 8000", "EXPOSE 80"),
)
each_rule = pytest.mark.parametrize(
    ("rule", "good", "bad"), RULES, ids=[rule.__name__ for rule, _, _ in RULES]
)


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "Dockerfile").read_text(encoding="utf-8")


@each_rule
def test_the_dockerfile_keeps_the_rule(
    dockerfile: str, rule: Callable[[list[Instruction]], bool], good: str, bad: str
) -> None:
    assert rule(instructions(dockerfile)), rule.__doc__


@each_rule
def test_a_dockerfile_that_breaks_the_rule_is_found(
    dockerfile: str, rule: Callable[[list[Instruction]], bool], good: str, bad: str
) -> None:
    assert good in dockerfile
    assert not rule(instructions(dockerfile.replace(good, bad)))


def findings(text: str) -> list[str]:
    """Return the rules of hadolint that a Dockerfile breaks."""
    done = subprocess.run(
        [HADOLINT, "--no-color", "--format", "json", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return [finding["code"] for finding in json.loads(done.stdout)]


def test_hadolint_finds_nothing(dockerfile: str) -> None:
    assert findings(dockerfile) == []


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("FROM python:3.11-slim-bookworm\n", "FROM python\n", "DL3006"),
        ("FROM python:3.11-slim-bookworm\n", "FROM python:latest\n", "DL3007"),
        ("USER 10001:10001", "USER root", "DL3002"),
        ("COPY ebbtide", "ADD ebbtide", "DL3020"),
        ("rm -rf /var/lib/apt/lists/*", "true", "DL3009"),
        ("--yes ", "", "DL3014"),
        ("--no-install-recommends ", "", "DL3015"),
        ('CMD ["ebbtide", "serve",', "CMD ebbtide serve", "DL3025"),
        ("# hadolint ignore=DL3008\n", "", "DL3008"),
    ],
    ids=lambda value: value if value.startswith("DL") else "",
)
def test_hadolint_stands_for_the_rules_that_are_not_written_here(
    dockerfile: str, good: str, bad: str, code: str
) -> None:
    assert good in dockerfile
    assert code in findings(dockerfile.replace(good, bad))


def test_a_rule_of_hadolint_is_ignored_in_one_place_only_and_with_its_reason(
    root: Path, dockerfile: str
) -> None:
    lines = dockerfile.splitlines()
    [at] = [number for number, line in enumerate(lines) if "hadolint ignore" in line]
    assert lines[at] == "# hadolint ignore=DL3008"
    assert lines[at - 1].startswith("# ")
    assert not list(root.glob(".hadolint.*"))


@each_rule
def test_a_rule_that_is_written_here_is_one_that_hadolint_has_not(
    dockerfile: str, rule: Callable[[list[Instruction]], bool], good: str, bad: str
) -> None:
    assert findings(dockerfile.replace(good, bad)) == []


def test_everything_that_is_copied_exists_and_reaches_the_builder(
    root: Path, dockerfile: str
) -> None:
    copies = [rest for rest in rests(instructions(dockerfile), "COPY") if "--from=" not in rest]
    sources = {source for rest in copies for source in rest.split()[:-1]}
    allowed = {
        line[1:]
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert sources == allowed
    assert [source for source in sorted(sources) if not (root / source).exists()] == []
