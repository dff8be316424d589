"""Every section and key of the project file is in the reference, with its default, and in use."""

from __future__ import annotations

import json
import tomllib
from typing import get_args

import pytest
from pydantic_core import PydanticUndefined

from ebbtide.project import Project, TableSource, load_project

SECTIONS = {
    f"[{name}]": next((part for part in get_args(field.annotation) if part), field.annotation)
    for name, field in Project.model_fields.items()
    if name not in {"tables", "base"}
} | {"[tables.NAME]": TableSource}
KEYS = [(section, key) for section, model in SECTIONS.items() for key in model.model_fields]


def default_of(field):
    if field.default is PydanticUndefined:
        return "required"
    return "none" if field.default is None else f"`{json.dumps(field.default)}`"


@pytest.fixture
def page(reference):
    return reference("reference/project-file.md")


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[" ".join(pair) for pair in KEYS])
def test_each_key_is_documented_with_its_default(page, section, key):
    row = page.rows(f"`{section}`")[key]
    assert row[2] == default_of(SECTIONS[section].model_fields[key])


@pytest.mark.parametrize("section", SECTIONS)
def test_no_key_is_documented_that_is_not_there(page, section):
    assert set(page.rows(f"`{section}`")) == set(SECTIONS[section].model_fields)


def test_the_examples_are_project_files_and_use_every_key(page, tmp_path):
    used = set()
    for example in page.code("toml"):
        file = tmp_path / "ebbtide.toml"
        file.write_text(example, encoding="utf-8")
        load_project(file)
        read = tomllib.loads(example)
        tables = read.pop("tables", {}).values()
        used |= {(f"[{section}]", key) for section, keys in read.items() for key in keys}
        used |= {("[tables.NAME]", key) for table in tables for key in table}
    assert used == set(KEYS)
