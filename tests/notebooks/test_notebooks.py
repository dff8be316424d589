"""Notebooks are numbered, stored without outputs, and hold no logic of their own."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_LINES = 5

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_nothing_that_was_run_is_stored(path):
    stored = [cell for cell in code_cells(path) if cell["outputs"] or cell["execution_count"]]
    assert stored == []


def test_the_name_begins_with_a_number(path):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name)


def test_no_function_or_class_is_longer_than_the_house_allows(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    trees = [ast.parse("".join(cell["source"])) for cell in code_cells(path)]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)]
    assert [n.name for n in found if n.end_lineno - n.lineno >= MOST_LINES] == []


def test_links_lead_to_files(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    linked = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
    assert linked
    assert [link for link in linked if not (FOLDER / link).is_file()] == []
