"""Steps that are written make what is declared."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, MetaData, String, Table

from ebbtide.store.database import open_database
from ebbtide.store.migrations import write
from ebbtide.store.migrations.upgrade import upgrade
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.every import METADATA


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "versions"
    made.mkdir()
    return made


def test_steps_that_are_written_afresh_make_all_declared_tables(folder, url):
    written = write.write_afresh(folder, title="First tables")
    assert [path.name[:5] for path in written] == [
        f"r{number:04d}" for number in range(1, len(written) + 1)
    ]
    database = open_database(url)
    upgrade(database, folder=folder)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    database.close()


def test_a_step_is_written_for_what_differs_only(folder, monkeypatch):
    declared = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.sorted_tables:
        table.to_metadata(declared)
    Table("extras", declared, Column("name", String(9), primary_key=True), Column("at", Instant))
    monkeypatch.setattr(write, "METADATA", declared)
    path = write.write_next(folder, title="Room for extras.")
    assert path.name == "r0001_room_for_extras.py"
    assert 'op.create_table("extras"' in path.read_text().replace("(\n    ", "(").replace("'", '"')
    assert path.read_text().startswith('"""Room for extras."""')
    assert path.read_text().count("create_table") == 1


def test_nothing_is_written_where_nothing_differs(folder):
    assert write.write_next(folder, title="Nothing") is None
    assert list(folder.iterdir()) == []
