"""What people write as TOML is read alike, with a mark or without, and told alike if it is not."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from ebbtide.contracts.snapshot_table_file import read_contract
from ebbtide.errors import SettingsError
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY, load_project

PROJECT = """\
[project]
name = "shop"
currency = "EUR"
[tables.transactions]
path = "t.csv"
"""
CONTRACT = 'rows = 2\n[columns.größe]\nkind = "number"\n'

KINDS = [
    pytest.param(load_project, PROJECT, "Project file", id="project"),
    pytest.param(
        load_policy, STARTER_POLICY.read_text(encoding="utf-8"), "Policy file", id="policy"
    ),
    pytest.param(
        read_contract,
        CONTRACT.replace("größe", '"größe"'),
        "The contract of the snapshot table",
        id="contract",
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.toml"


@pytest.mark.parametrize(("read", "text", "_title"), KINDS)
def test_a_byte_order_mark_is_no_part_of_the_text(file, read, text, _title) -> None:
    file.write_bytes(text.encode())
    plain = read(file)
    file.write_bytes(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    assert read(file) == plain


@pytest.mark.parametrize(("read", "text", "title"), KINDS)
@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("latin-1", "another encoding"),
    ],
)
def test_another_encoding_is_named(file, read, text, title, encoding, found) -> None:
    file.write_bytes(f"a = 'é'\n{text.encode('ascii', 'ignore').decode()}".encode(encoding))
    with pytest.raises(SettingsError) as raised:
        read(file)
    assert str(raised.value) == (
        f"{title} {str(file)!r} cannot be read as TOML: expected UTF-8, got {found}. "
        f"Save it as UTF-8."
    )


@pytest.mark.parametrize(("read", "_text", "title"), KINDS)
def test_what_cannot_be_read_is_told_by_what_it_is(file, monkeypatch, read, _text, title) -> None:
    def refused() -> str:
        with pytest.raises(SettingsError) as raised:
            read(file)
        return str(raised.value)

    assert f"at {str(file)!r}, found none. " in refused()
    file.mkdir()
    assert refused().startswith(f"{title} {str(file)!r} cannot be read: it is a folder. Name the ")
    file.rmdir()
    file.write_text("rows = \n", encoding="utf-8")
    assert f"{title} {str(file)!r} cannot be read as TOML: " in refused()

    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert f"{title} {str(file)!r} cannot be read: Permission denied. Mend that, or " in refused()


@pytest.mark.parametrize("text", [f"a = {'9' * 5000}", f"a = {'[' * 5000}"])
def test_numbers_and_lists_beyond_reason_are_told_as_such(file, text) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="a number is too long, or lists lie too deep"):
        load_project(file)
