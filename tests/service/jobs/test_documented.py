"""The page about jobs names every field, form and type of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebbtide.store.jobs import SOURCES, STATES
from service.jobs.receiving import MEDIA_TYPES
from service.jobs.results import FORMATS
from service.jobs.shapes import JobShape

PAGE = (Path(__file__).parents[3] / "docs" / "jobs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [*JobShape.model_fields, *STATES, *SOURCES, *MEDIA_TYPES, *FORMATS, *FORMATS.values()],
)
def test_each_name_is_on_the_page(name):
    assert f"`{name}`" in PAGE
