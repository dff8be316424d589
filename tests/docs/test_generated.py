"""The pages that are made from declarations are what the script makes of them today."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path

import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.tables import Column, TableContract
from features.catalogue.feature import Feature
from features.views import View

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "generate.py"
_SPEC = importlib.util.spec_from_file_location("docs_generate", SCRIPT)
generate = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_committed_page_is_what_the_script_makes(name):
    committed = (generate.FOLDER / name).read_text(encoding="utf-8")
    made = generate.PAGES[name]()
    assert committed == made, "run: python docs/generate.py"


@pytest.mark.parametrize("feature", generate.CATALOGUE, ids=lambda feature: feature.name)
def test_each_feature_is_there_with_its_words_and_sql(reference, feature):
    page, contract = reference("reference/features.md"), feature.contract
    section = page.text.split(f"### `{feature.name}`\n")[1].split("\n#")[0]
    words = [contract.meaning, contract.unit, contract.reason.en, contract.reason.zh, feature.sql]
    words += [contract.when_null.en, contract.when_null.zh] if contract.when_null else ["never"]
    assert [word for word in words if word not in section] == []


@pytest.mark.parametrize("table", generate.TABLES.values(), ids=lambda table: table.name)
def test_each_column_is_there_and_no_other(reference, table):
    rows = reference("reference/tables.md").rows(f"`{table.name}`")
    assert tuple(rows) == table.names


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        (Column, "name kind meaning is_required low high choices completed_at limits_by"),
        (TableContract, "name meaning clock columns runs_until"),
        # learned is of columns of a snapshot table only, never of the catalogue
        (
            FeatureContract,
            "name family table unit meaning reason cause low high when_null risk learned",
        ),
        (Feature, "contract sql view columns when_no_rows"),
        (View, "name table sql"),
    ],
)
def test_whatever_can_be_declared_is_shown(declared, shown):
    """A new property belongs into ``docs/generate.py`` first, and then into this list."""
    assert {field.name for field in fields(declared)} == set(shown.split())
