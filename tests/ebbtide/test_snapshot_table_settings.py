"""``[snapshot_table]``: every way to get it wrong is named, with the word that was meant."""

from __future__ import annotations

import pytest

from ebbtide.errors import SettingsError
from ebbtide.project import load_project

HEAD = '[project]\nname = "flat"\ncurrency = "EUR"\n'
TABLE = '[snapshot_table]\npath = "t.csv"\nlabel = "left"\nchurned = "Yes"\n'
CHURN = "[churn]\nhorizon_days = 30\n"


@pytest.fixture
def load(tmp_path):
    def make(text: str):
        (tmp_path / "ebbtide.toml").write_text(text, encoding="utf-8")
        return load_project(tmp_path / "ebbtide.toml")

    return make


def test_tables_of_events_are_not_needed(load, tmp_path) -> None:
    project = load(HEAD + TABLE + CHURN)
    assert project.tables == {}
    assert project.contract_path == tmp_path.resolve() / "flat.contract.toml"
    assert project.definition.kind == "label"
    assert project.definition.code.startswith("label-30d-")


def test_the_definition_follows_the_label(load) -> None:
    code = load(HEAD + TABLE + CHURN).definition.code
    assert load(HEAD + TABLE.replace('"Yes"', '"No"') + CHURN).definition.code != code
    assert load(HEAD + TABLE.replace('"left"', '"gone"') + CHURN).definition.code != code
    assert load(HEAD + TABLE + "[churn]\nhorizon_days = 31\n").definition.code != code


@pytest.mark.parametrize("churned", ["1", "true", '"Yes"', "1.0"])
def test_the_label_may_be_text_number_or_truth(load, churned) -> None:
    assert load(HEAD + TABLE.replace('"Yes"', churned) + CHURN).snapshot_table is not None


WRONG = [
    (HEAD + TABLE + "pth = 1\n" + CHURN, "snapshot_table.pth: unknown key; did you mean 'path'?"),
    (HEAD + TABLE.replace("label", "lable") + CHURN, "unknown key; did you mean 'label'?"),
    (
        HEAD + TABLE.replace('path = "t.csv"\n', "") + CHURN,
        "snapshot_table.path: expected, and not there",
    ),
    (HEAD + TABLE + 'as_of = "left"\n' + CHURN, "name the same column 'left'"),
    (HEAD + TABLE + 'ignore = ["left"]\n' + CHURN, "ignore names 'left'"),
    (HEAD + TABLE, "churn.horizon_days: required with [snapshot_table]"),
    (HEAD + TABLE + "[churn]\ngap_days = 1\n", "churn.horizon_days: required"),
    (HEAD + TABLE + CHURN + "active_within_days = 3\n", "churn.active_within_days: does not go"),
    (HEAD + TABLE + CHURN + 'kind = "inactivity"\n', "churn.kind: does not go"),
    (HEAD + TABLE + CHURN + "[snapshots]\nevery_days = 7\n", "snapshots: does not go"),
    (
        HEAD + TABLE + CHURN + '[tables.transactions]\npath = "t.csv"\n',
        "tables: a project has tables of events or one [snapshot_table], not both",
    ),
    (
        HEAD + TABLE.replace("snapshot_table", "snapshot_tabel") + CHURN,
        "snapshot_tabel: unknown key; did you mean 'snapshot_table'?",
    ),
    (HEAD, "name a flat table with a label in [snapshot_table]"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_section_is_placed_and_explained(load, text, message) -> None:
    with pytest.raises(SettingsError) as raised:
        load(text)
    assert message in str(raised.value)
