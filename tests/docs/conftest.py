"""The pages as text, cut into sections and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the documentation."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _FENCED.sub("", self.text)

    def section(self, heading: str) -> str:
        """The text from a heading to the next one of any level."""
        for found in _HEADING.finditer(self.prose):
            if found[1] == heading:
                rest = self.prose[found.end() :]
                following = _HEADING.search(rest)
                return rest[: following.start()] if following else rest
        raise AssertionError(f"{self.path.name} lacks the heading {heading!r}")

    def rows(self, heading: str) -> dict[str, list[str]]:
        """The cells of the rows of a section's tables, by the names in the first cell."""
        cells = [
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in self.section(heading).splitlines()
            if line.startswith("| `")
        ]
        return {name: row for row in cells for name in re.findall(r"`([^`]+)`", row[0])}

    @property
    def anchors(self) -> set[str]:
        """What a link may name after ``#``, as GitHub makes it of the headings."""
        return {
            re.sub(r"[^\w\- ]", "", found[1].lower()).replace(" ", "-")
            for found in _HEADING.finditer(self.prose)
        }

    def code(self, language: str) -> list[str]:
        """The blocks of code of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)


def read(path: Path) -> Page:
    """Read a page."""
    return Page(path, path.read_text(encoding="utf-8"))


PAGES = tuple(read(path) for path in (*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))))


@pytest.fixture(params=PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Page:
    """Every page of ``docs/`` and of the root in turn."""
    return request.param


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Page]:
    """A page of ``docs/`` by its path there."""
    return lambda name: read(DOCS / name)
