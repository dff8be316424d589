"""Pages: whole in one file, escaped, and with pictures that are shapes and text only."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from ebbtide.pages.charts import bar_chart
from ebbtide.pages.page import (
    Badge,
    Chart,
    Facts,
    Grid,
    Mark,
    Marks,
    Paragraph,
    Points,
    Section,
    Verdict,
    render_page,
)

HOSTILE = "<script>alert('x')</script>"


def page(*blocks, title="Report", sections=1) -> str:
    return render_page(
        title=title,
        subtitle="of two tables",
        sections=[Section(f"Part {n}", blocks) for n in range(sections)],
    )


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

    Reader().feed(html)
    return seen


@pytest.mark.parametrize(
    "block",
    [
        Paragraph(HOSTILE),
        Points([HOSTILE]),
        Verdict("bad", HOSTILE),
        Facts([(HOSTILE, HOSTILE), (HOSTILE, HOSTILE, HOSTILE)]),
        Marks([Mark(letter=HOSTILE, level="bad", title=HOSTILE, texts=[HOSTILE], over=HOSTILE)]),
        Grid([HOSTILE], [[HOSTILE], [Badge(level="bad", text=HOSTILE)]], HOSTILE),
        Chart(bar_chart({HOSTILE: [(HOSTILE, 1)]}, x_title=HOSTILE, y_title=HOSTILE), HOSTILE),
    ],
    ids=lambda block: block.kind,
)
def test_no_text_becomes_markup(block) -> None:
    html = page(block, title=HOSTILE)
    assert "script" not in {tag for tag, _ in tags(html)}
    assert "&lt;script&gt;" in html


def test_a_page_needs_no_other_file_and_runs_nothing() -> None:
    chart = Chart(bar_chart({"rows": [("2026-01", 1)]}, x_title="month", y_title="rows"))
    html = page(chart, Grid(["n"], [[1]]), sections=3)
    for tag, attributes in tags(html):
        assert tag not in {"script", "link", "img", "iframe", "object", "base", "form"}
        assert not any(name.startswith("on") or name == "src" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\((?!#)|@import", html)


def test_numbers_stand_on_the_right_and_words_on_the_left() -> None:
    html = page(Grid(["what", "rows", "share"], [["a", 1234567, "12.5%"], ["b", 2, "–"]]))
    assert '<td data-column="rows" class="number">1,234,567</td>' in html
    assert '<td data-column="share" class="number">12.5%</td>' in html
    assert '<td data-column="what">a</td>' in html


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<a href="https://example.org"><text>x</text></a>',
        '<rect onclick="alert(1)"/>',
        '<image href="https://example.org/x.png"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<rect fill="url(https://example.org/x)"/>',
        '<rect style="background: URL( //example.org)"/>',
        "<style>@import 'x';</style>",
    ],
)
def test_a_picture_that_reaches_outside_is_refused(inside: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    with pytest.raises(ValueError, match="Expected an SVG of shapes and text"):
        page(Chart(svg))


@pytest.mark.parametrize("svg", ["", "<svg", "<!DOCTYPE svg><svg/>", "no svg"])
def test_what_is_no_picture_is_refused(svg: str) -> None:
    with pytest.raises(ValueError, match="Expected an SVG"):
        page(Chart(svg))


def test_no_line_ends_within_a_date() -> None:
    html = page(Paragraph("from 2010-12-24 to <b>2011-01-03</b>"))
    assert html.count('<span class="day">') == 2
    assert "&lt;b&gt;" in html


def test_two_pictures_of_one_page_share_no_id() -> None:
    charts = [
        Chart(bar_chart({"rows": [("a", n)]}, x_title="x", y_title="rows", rule_at="a"))
        for n in (1, 1)
    ]
    ids = re.findall(r'\sid="([^"]+)"', page(*charts))
    assert len(ids) == len(set(ids)) > 2


def test_there_is_a_list_of_sections_only_where_there_are_several() -> None:
    assert "<nav" not in page(Paragraph("x"), sections=2)
    assert page(Paragraph("x"), sections=3).count('<a href="#section-') == 3


def test_a_grade_is_a_letter_with_its_reasons_below() -> None:
    marks = [
        Mark(letter="B", level="good", title="Better than the rule", texts=["why", "how"]),
        Mark(letter="–", level="careful", title="No grade", over="version 2"),
    ]
    html = page(Marks(marks))
    assert html.count('aria-label="grade"') == 2
    assert html.index("Better than the rule") < html.index("<li>why</li>") < html.index("version 2")


def test_a_figure_has_a_note_only_where_one_is_given() -> None:
    assert page(Facts([("a", 1), ("b", 2, "of 3")])).count('class="note"') == 1


def test_ranges_of_numbers_stand_on_the_right_and_are_not_broken() -> None:
    html = page(
        Grid(
            ["range", "with it", "words"],
            [["−0.1 to +0.2", "0.743 (0.710 to 0.773)", "1 to speak of"], ["–", "–", "–"]],
        )
    )
    assert html.count('class="number">0.743') == html.count('class="number">−0.1 to') == 1
    assert '<td data-column="words">1 to speak of</td>' in html
