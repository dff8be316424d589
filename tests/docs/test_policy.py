"""Every key of the policy file is in the reference, and nothing else."""

from __future__ import annotations

import re
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from ebbtide.causes import CAUSES
from ebbtide.policy import file
from ebbtide.policy.policy import Channel


def keys_of(section: type[BaseModel]) -> set[str]:
    """The dotted keys of a section; a name that the owner chooses is ``NAME``."""
    found = set()
    for name, field in section.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if is_model(kind)]
        if not kinds or name == "actions":
            found.add(name)
        elif get_origin(field.annotation) is dict:
            found.add(f"{name}.NAME")
        else:
            found |= {f"{name}.{key}" for key in keys_of(kinds[0])}
    return found


def is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@pytest.fixture
def page(reference):
    return reference("policy.md")


def documented(text: str) -> set[str]:
    first_cells = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", text, re.MULTILINE)
    return {key for cell in first_cells for key in re.findall(r"`([^`]+)`", cell)}


def test_each_key_is_documented_and_no_other(page):
    assert documented(page.text) == keys_of(file._PolicyFile) | keys_of(file._Action)


def test_each_bound_of_a_feature_is_documented(page):
    row = next(line for line in page.text.splitlines() if "eligibility.features.NAME" in line)
    assert all(f"{bound} = " in row for bound in file._FeatureBounds.model_fields)


@pytest.mark.parametrize("word", [*CAUSES, *get_args(Channel)])
def test_each_cause_and_channel_is_documented(page, word):
    assert f"`{word}`" in page.text
