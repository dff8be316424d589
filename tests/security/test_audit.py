"""The audit says what it found, and says aloud what it could not ask."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from code_from_data import ROOT

# Put together from pieces, so that the scan does not find this file.
PLANTED = {
    "AWS Access Key": "id = " + "AKIA" + "Q3EGP7XW2LOMNB5T",
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "GitHub Token": "gh" + "p_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5",
    "Secret Keyword": "pass" + 'word = "tr0ub4dor-and-3-staples"',
}


@pytest.fixture
def scan():
    """The program that looks for secrets, as a module."""
    spec = importlib.util.spec_from_file_location("find_secrets", ROOT / ".ci" / "find_secrets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(program, *words):
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / program), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_and_not_shown(scan, tmp_path, kind):
    file = tmp_path / "settings.py"
    file.write_text(f"import os\n{PLANTED[kind]}\n")
    assert [each[:3] for each in scan.in_files([str(file)])] == [(str(file), 2, kind)]


def test_a_secret_ends_the_program_with_a_failure_and_is_not_shown(tmp_path):
    file = tmp_path / "settings.py"
    file.write_text(PLANTED["AWS Access Key"])
    code, said = run("find_secrets.py", str(file))
    assert code == 1
    assert f"{file}:1: AWS Access Key" in said
    assert PLANTED["AWS Access Key"][5:] not in said
    file.write_text("import os\n")
    assert run("find_secrets.py", str(file))[0] == 0


def test_a_secret_that_was_taken_out_again_is_found_in_the_history(scan, tmp_path, monkeypatch):
    def git(*words):
        options = (
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t.example",
            "-c",
            "commit.gpgsign=false",
        )
        subprocess.run(["git", *options, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for text in (PLANTED["GitHub Token"], "nothing"):
        (tmp_path / "a.txt").write_text(text + "\n")
        git("add", "a.txt")
        git("commit", "-q", "-m", "a")
    monkeypatch.setattr(scan, "ROOT", tmp_path)
    assert [each[2] for each in scan.in_history({"nothing"})] == ["GitHub Token"]
    assert scan.in_history({"nothing", PLANTED["GitHub Token"]}) == []


def test_known_examples_are_few_and_of_files_that_are_there():
    known = json.loads((ROOT / ".ci" / "known_examples.json").read_text())
    assert sum(map(len, known.values())) <= 40
    assert [name for name in known if not (ROOT / name).is_file()] == []


SOUND = {"name": "a", "version": "1", "vulns": []}
HOLED = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def program(tmp_path, *packages, text=None, then=""):
    """Write a program that says what pip-audit would say, and return its command."""
    said = json.dumps({"dependencies": list(packages)}) if text is None else text
    path = tmp_path / "said.py"
    path.write_text(f"print({said!r})\n{then}\n")
    return f"{sys.executable} -S {path}"


@pytest.mark.parametrize(
    ("packages", "code", "says", "says_not"),
    [
        ((SOUND,), 0, "CHECKED: 1 packages, 0 known", "NOT CHECKED"),
        ((SOUND, HOLED), 1, "b 1: CVE-1, mended in 2", "NOT CHECKED"),
        ((UNKNOWN,), 0, "NOT CHECKED: 1 of 1 packages", "packages, 0 known"),
        ((SOUND, UNKNOWN), 0, "NOT CHECKED: 1 of 2 packages", "CVE"),
        ((HOLED, UNKNOWN), 1, "NOT CHECKED: 1 of 2 packages", "packages, 0 known"),
    ],
    ids=["sound", "holed", "unknown", "partly-unknown", "holed-and-unknown"],
)
def test_what_was_asked_is_told_from_what_was_not(tmp_path, packages, code, says, says_not):
    found, said = run("audit_packages.py", "--command", program(tmp_path, *packages))
    assert (found, says in said, says_not in said) == (code, True, False)


@pytest.mark.parametrize(
    ("text", "then"),
    [("", "raise SystemExit(1)"), ("[]", ""), ("{}", ""), ("", "import time; time.sleep(30)")],
    ids=["it-fails", "it-says-something-else", "it-says-nothing", "it-hangs"],
)
def test_a_database_that_cannot_be_reached_is_never_silently_green(tmp_path, text, then):
    command = program(tmp_path, text=text, then=then)
    code, said = run("audit_packages.py", "--command", command, "--seconds", "1")
    assert code == 0
    assert said.startswith("NOT CHECKED: packages.")


def test_ci_says_again_at_the_end_what_was_not_checked(tmp_path):
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "note make --keep-going audit" in text
    assert "note make fuzz" in text
    start, end = text.index("note() {"), text.index("export -f note")
    notes = tmp_path / "notes"
    done = subprocess.run(
        ["bash", "-c", f"{text[start:end]}\nnote sh -c 'echo NOT CHECKED: x; exit 3'"],
        env={"PATH": "/usr/bin:/bin", "notes": str(notes)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (3, "NOT CHECKED: x\n")
    assert notes.read_text() == done.stdout
