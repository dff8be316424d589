"""Links lead somewhere, code that is shown runs, and every page can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
NOT_OURS = re.compile(r"^(?:[a-z]+:|//)")


def relative_links(text):
    return [link for link in LINK.findall(text) if not NOT_OURS.match(link)]


def broken_links(page, reference):
    broken = []
    for link in relative_links(page.prose):
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        anchors = reference(str(target)).anchors if target.suffix == ".md" and anchor else {anchor}
        if not target.exists() or anchor not in anchors:
            broken.append(link)
    return broken


def test_each_relative_link_leads_somewhere(page, reference):
    assert broken_links(page, reference) == []


@pytest.mark.parametrize(
    "link", ["absent.md", "index.md#absent", "#absent", "reference/verbs.md#trian"]
)
def test_a_broken_link_would_be_found(reference, link):
    index = reference("index.md")
    broken = type(index)(
        index.path, f"# Title\n\nSee [this]({link}) and [that](concepts.md#words)."
    )
    assert broken_links(broken, reference) == [link]


def test_each_block_of_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(page.code("python"), start=1):
        exec(compile(block, f"{page.path.name}, block {number}", "exec"), names)


def test_the_index_leads_to_every_page(reference):
    linked = {
        (DOCS / link.partition("#")[0]).resolve()
        for link in relative_links(reference("index.md").prose)
    }
    pages = {path for path in DOCS.rglob("*.md") if path.name != "index.md"}
    assert pages - linked == set()
