"""A report as one self-contained HTML page: its blocks, and how they become text.

What a report says is for the package that writes it; pictures come from ``ebbtide.pages.charts``,
and files are written by ``ebbtide.console.write_text``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Literal

from ebbtide.pages.svg import inlined

if TYPE_CHECKING:
    from collections.abc import Sequence

Level = Literal["good", "careful", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A word on a coloured ground, as a cell of a grid."""

    level: Level | Literal["plain"]
    text: str


Cell = str | int | float | Badge | None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text."""

    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short texts."""

    texts: Sequence[str]
    kind: ClassVar[str] = "points"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reader is to take away, in one or two sentences."""

    level: Level
    text: str
    kind: ClassVar[str] = "verdict"


@dataclass(frozen=True, slots=True)
class Facts:
    """A few figures with a name each, shown large: name and value, and a note below if wanted."""

    items: Sequence[tuple[str, Cell] | tuple[str, Cell, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A grade as a large letter, what it says in a sentence, and why."""

    letter: str
    level: Level
    title: str
    texts: Sequence[str] = ()
    over: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """Grades beside each other: one alone takes the whole width."""

    items: Sequence[Mark]
    kind: ClassVar[str] = "marks"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Numbers, and text that reads as a number, are aligned to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture in SVG, as ``ebbtide.pages.charts`` makes it."""

    svg: str
    caption: str = ""
    kind: ClassVar[str] = "chart"


Block = Paragraph | Points | Verdict | Facts | Marks | Grid | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


def render_page(*, title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Return a report as HTML that needs no other file, no script and no network.

    All text is escaped. A picture is let in only if it holds nothing but shapes and text.

    Parameters
    ----------
    title : what the report is about.
    subtitle : of what and when, in one line.
    sections : shown in this order; from the third on there is a list of them at the top.

    Raises
    ------
    ValueError
        If a chart is no SVG of shapes and text.

    Examples
    --------
    >>> page = render_page(
    ...     title="Data check",
    ...     subtitle="two tables",
    ...     sections=[Section("Verdict", [Verdict("good", "Enough to train, 1 < 2.")])],
    ... )
    >>> "Enough to train, 1 &lt; 2." in page
    True
    """
    from jinja2 import Environment, StrictUndefined

    here = files("ebbtide.pages")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = _shown
    environment.filters["dated"] = _dated
    environment.filters["inlined"] = inlined
    environment.tests["numeric"] = _is_numeric
    environment.tests["wordy"] = _is_wordy
    environment.tests["badge"] = lambda cell: isinstance(cell, Badge)
    template = environment.from_string(here.joinpath("page.html.jinja").read_text("utf-8"))
    style = here.joinpath("page.css").read_text("utf-8")
    return template.render(title=title, subtitle=subtitle, sections=list(sections), style=style)


_NUMBER = r"[-+−]?[\d.,\s]*\d[\d.,]*\s?(%|x|×|days?|h|s|ms|MB|GB)?"
_READS_AS_NUMBER = re.compile(rf"{_NUMBER}( to {_NUMBER}| \({_NUMBER} to {_NUMBER}\))?")
"""A number, a range, or a number with a range after it."""


_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def _dated(text: str) -> str:
    """Return text as markup in which no line ends within a date."""
    from markupsafe import Markup, escape

    return Markup(_DAY.sub(r'<span class="day">\g<0></span>', str(escape(text))))


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Badge):
        return cell.text
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.4g}" if isinstance(cell, float) else cell


def _is_wordy(grid: Grid) -> bool:
    """Whether a table holds sentences, so that a narrow screen shows each row as a card."""
    return any(len(_shown(cell)) > 40 for row in grid.rows for cell in row)


def _is_numeric(grid: Grid, column: int) -> bool:
    """Whether every cell of a column that holds something reads as a number."""
    cells = [row[column] for row in grid.rows if row[column] not in (None, "", "–")]
    return bool(cells) and all(
        not isinstance(cell, Badge) and _READS_AS_NUMBER.fullmatch(_shown(cell)) for cell in cells
    )
