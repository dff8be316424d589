"""Every verb, option, exit code and environment variable is in the reference, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from ebbtide.cli import EXIT_CODES, build_app
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
VERBS = {
    name: command
    for verb, found in typer.main.get_command(build_app()).commands.items()
    for name, command in (
        {f"{verb} {inner}": each for inner, each in found.commands.items()}
        if hasattr(found, "commands")
        else {verb: found}
    ).items()
}
OPTIONS = [(verb, option) for verb, command in VERBS.items() for option in command.params]
NOT_VERBS = {"Exit codes", "Environment", "The command line"}
READ_AT = re.compile(r"environ(?:\.get\(|\.setdefault\(|\[)\s*[\"'](\w+)")


@pytest.fixture
def page(reference):
    return reference("reference/verbs.md")


def test_each_verb_has_a_section_and_each_section_a_verb(page):
    headings = re.findall(r"^## `?([^`\n]+)`?$", page.prose, re.MULTILINE)
    assert set(headings) - NOT_VERBS == set(VERBS)


@pytest.mark.parametrize(
    ("verb", "option"), OPTIONS, ids=[f"{verb} {option.opts[0]}" for verb, option in OPTIONS]
)
def test_each_option_is_documented_with_its_default(page, verb, option):
    default = page.rows(f"`{verb}`")[option.opts[0]][2]
    if option.required:
        assert default == "required"
    elif option.default is None:
        assert default == "none"
    elif isinstance(option.default, bool):
        assert default == ("on" if option.default else "off")
    else:
        assert default == f"`{option.default}`"


@pytest.mark.parametrize("verb", VERBS)
def test_no_option_is_documented_that_is_not_there(page, verb):
    named = {name for option in VERBS[verb].params for name in option.opts}
    assert set(page.rows(f"`{verb}`")) == named


def test_each_exit_code_is_documented_with_its_class(page):
    documented = {code: row[1].strip("`") for code, row in page.rows("Exit codes").items()}
    known = {str(code): kind.__name__ for kind, code in EXIT_CODES}
    assert documented == {"0": "", **known, "130": "", "143": ""}


def test_each_environment_variable_that_code_reads_is_documented(page):
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("ebbtide", "features", "training", "service")
        for path in (ROOT / package).rglob("*.py")
    )
    settings = {f"EBBTIDE_{name.upper()}" for name in Settings.model_fields}
    assert set(READ_AT.findall(code)) - settings <= set(page.rows("Environment"))
