"""The contract of a snapshot table as a file: what is written is read, what is wrong is named."""

from __future__ import annotations

import pytest

from ebbtide.contracts.snapshot_table import ColumnContract, TableContract, features_version
from ebbtide.contracts.snapshot_table_file import contract_text, read_contract
from ebbtide.errors import SettingsError

CONTRACT = TableContract(
    rows=7,
    columns=(
        ColumnContract(name="age", kind="number", low=-1.5, high=1e21, unit="years"),
        ColumnContract(
            name='a "b". c\x7f',
            kind="category",
            categories={"x\ny": 4, "=": 2, "é😀": 1},
            null_share=0.25,
            cause="value_for_money",
        ),
        ColumnContract(name="on", kind="flag", categories={"No": 3, "Yes": 4}),
        ColumnContract(name="note", kind="ignored", null_share=0.5, why="free text"),
    ),
)


def test_any_name_and_category_survives_the_file(tmp_path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(contract_text(CONTRACT), encoding="utf-8")
    assert read_contract(file) == CONTRACT


WRONG = [
    ("rows = 1\n", "columns: expected, and not there"),
    ('rows = 1\n[columns.a]\nkind = "numbr"\n', "columns.a.kind: did you mean 'number'?"),
    ('rows = 1\n[columns.a]\nkind = "number"\nunits = "x"\n', "did you mean 'unit'?"),
    ('rows = 1\nrow = 2\n[columns.a]\nkind = "number"\n', "row: unknown key; did you mean 'rows'?"),
    (
        'rows = 1\n[columns.a]\nkind = "number"\ncause = "service_failur"\n',
        "columns.a.cause: did you mean 'service_failure'?",
    ),
    ('rows = 1\n[columns.a]\nkind = "category"\n', "a category needs its categories"),
    ('rows = 1\n[columns.a]\nkind = "flag"\ncategories = { a = 1 }\n', "a flag has two"),
    ('rows = 1\n[columns.a]\nkind = "number"\ncategories = { a = 1 }\n', "has no categories"),
    ('rows = 1\n[columns.a]\nkind = "number"\nlow = 2\nhigh = 1\n', "low is above high"),
    ('rows = 1\n[columns.a]\nkind = "ignored"\n', "every column is ignored"),
    (
        'rows = 1\n[columns.a]\nkind = "category"\ncategories = { " a" = 1 }\n',
        "expected categories without blanks",
    ),
    ("rows = \n", "cannot be read as TOML"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_placed_and_explained(tmp_path, text, message) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        read_contract(file)
    assert message in str(raised.value)
    assert "c.toml" in str(raised.value)


def test_values_mean_the_same_only_while_categories_keep_their_places() -> None:
    def version(*categories: str) -> str:
        column = ColumnContract(name="a", kind="category", categories=dict.fromkeys(categories, 1))
        return features_version([column.feature])

    assert version("x", "y") == version("x", "y")
    assert version("x", "y") != version("y", "x")
