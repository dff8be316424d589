"""The Makefile lists itself, installs nothing on a Python that is too old, and CI calls it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
[_PHONY] = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
TARGETS = _PHONY.split()

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a fresh shell, without what an outer make hands down."""
    handed_down = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "DATA", "FOLDER", "VENV"}
    env = {name: value for name, value in os.environ.items() if name not in handed_down}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [[], ["help"]], ids=["make", "make help"])
def test_help_lists_every_target_with_a_line(words: list[str]) -> None:
    done = make(*words)
    assert done.returncode == 0
    listed = dict(line.split(None, 2)[1:] for line in done.stdout.splitlines())
    assert list(listed) == TARGETS
    assert all(len(says) > 10 for says in listed.values())


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_planned_without_a_warning(target: str) -> None:
    done = make("--dry-run", "--warn-undefined-variables", target)
    assert (done.returncode, done.stderr) == (0, "")


def test_uv_is_needed_to_lock_and_for_nothing_else() -> None:
    for target in TARGETS:
        planned = make("--dry-run", target).stdout
        assert ("uv pip compile" in planned) == (target == "lock"), target


def test_a_python_that_is_too_old_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }\nexit 1\n',
        encoding="utf-8",
    )
    old.chmod(0o755)
    done = make("setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "Expected Python 3.11 or later, got Python 3.9.2" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_that_is_absent_is_asked_for_by_name(tmp_path: Path) -> None:
    done = make("setup", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "called 'no-such-python', found none" in done.stderr


def test_serving_without_a_trained_project_says_what_to_do_first(tmp_path: Path) -> None:
    done = make("--assume-old=.venv/.setup", "serve", f"FOLDER={tmp_path}", "DATA=cdnow")
    assert done.returncode != 0
    assert "make demo DATA=cdnow" in done.stderr


def test_ci_is_valid_bash_can_be_run_and_calls_the_same_targets() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    text = script.read_text(encoding="utf-8")
    called = set(re.findall(r"make (?:--keep-going )?([a-z-]+)", text))
    assert {"setup-dev", "check", "test", "notebooks", "demo"} <= called <= set(TARGETS)


def ci(line: str, **variables: str) -> str:
    """Run one line with the functions of the CI script, but none of its steps."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    functions = text[text.index("scratch=$(mktemp") : text.index("\nsay_real_data\n")]
    functions = functions.replace("trap clean_up EXIT", "")
    done = subprocess.run(
        ["bash", "-c", f"set -u\n{functions}\n{line}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_ci_says_whether_real_data_were_found(tmp_path: Path) -> None:
    assert f"found in {tmp_path}" in ci("say_real_data", EBBTIDE_DATA_DIR=str(tmp_path))
    assert "none" in ci("say_real_data", EBBTIDE_DATA_DIR=str(tmp_path / "gone"))
    assert "none" in ci("say_real_data")


def test_ci_shows_how_long_the_command_line_takes_to_start() -> None:
    assert "time_start_up ||" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    shown = ci('time_start_up && printf "%s\\n" "${timings[@]}"')
    assert re.fullmatch(r" +\d+\.\d\d s  ebbtide --help.*\n", shown)
