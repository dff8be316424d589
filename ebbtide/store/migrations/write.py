"""Write the step that brings databases to the declared tables: for who changes a declaration.

``python -m ebbtide.store.migrations.write "what it changes"`` compares the tables that all steps
make with those that are declared, and writes what differs. Read it before it is committed: it knows
no data, and takes a new name for another table. ``--afresh`` writes all steps anew, one for each
topic; only while nobody has a database that must be kept.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from typing import TYPE_CHECKING, Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateIndexOp, CreateTableOp, ModifyTableOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table

from ebbtide.store.database import open_database
from ebbtide.store.migrations.upgrade import VERSIONS, upgrade
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.every import METADATA, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_BEFORE = "r0000"  # written by hand, for databases from before there were steps
_FILE = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

{imports}revision = "{revision}"
down_revision{kind} = {before}


def upgrade() -> None:
    """Change the tables."""
    {body}
'''


def main() -> None:
    """Write a step, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("title", help="what it changes, as the first line of its module")
    parser.add_argument("--afresh", action="store_true", help="write all steps anew, by topic")
    given = parser.parse_args()
    if given.afresh:
        write_afresh(VERSIONS, title=given.title)
    else:
        write_next(VERSIONS, title=given.title)


def write_next(folder: Path, *, title: str) -> Path | None:
    """Write the step from what the steps make to what is declared; None where nothing differs.

    Parameters
    ----------
    folder : of the steps.
    title : what it changes.
    """
    with tempfile.TemporaryDirectory() as scratch:
        database = open_database(f"sqlite:///{scratch}/s.db")
        upgrade(database)
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            operations = produce_migrations(context, METADATA).upgrade_ops
        database.close()
    if operations is None or operations.is_empty():
        return None
    return _write(folder, operations, title=title)


def write_afresh(folder: Path, *, title: str) -> list[Path]:
    """Replace all steps by one for each topic; tables that are there already are left as they are.

    Parameters
    ----------
    folder : of the steps.
    title : of what they are; the name of the topic is put behind it.
    """
    for old in folder.glob("r*.py"):
        if not old.name.startswith(_BEFORE):
            old.unlink()
    written = []
    with tempfile.TemporaryDirectory() as scratch:
        database = open_database(f"sqlite:///{scratch}/s.db")
        for topic in TOPICS:
            names = {each.name for each in vars(topic).values() if isinstance(each, Table)}
            with database.read() as connection:
                context = MigrationContext.configure(connection)
                operations = produce_migrations(context, _only(names)).upgrade_ops
            assert operations is not None
            for each in _flat(operations.ops):
                if isinstance(each, CreateTableOp | CreateIndexOp):
                    each.if_not_exists = True
            name = topic.__name__.rpartition(".")[2]
            written.append(_write(folder, operations, title=f"{title}: {name}"))
        database.close()
    return written


def _only(names: set[str]) -> MetaData:
    """Return some of the tables alone."""
    chosen = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.sorted_tables:
        if table.name in names:
            table.to_metadata(chosen)
    return chosen


def _flat(operations: Iterable[Any]) -> Iterable[Any]:
    for each in operations:
        if isinstance(each, ModifyTableOps):
            yield from _flat(each.ops)
        else:
            yield each


def _write(folder: Path, operations: UpgradeOps, *, title: str) -> Path:
    steps = sorted(path.name[1:5] for path in folder.glob("r*.py"))
    revision = f"{int(steps[-1]) + 1 if steps else 1:04d}"
    body = render_python_code(operations, render_item=_rendered)
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower().rpartition(": ")[2]).strip("_")[:40]
    path = folder / f"r{revision}_{slug}.py"
    needs_instant = "Instant()" in body
    path.write_text(
        _FILE.format(
            title=title.rstrip("."),
            imports="from ebbtide.store.schema.base import Instant\n\n" if needs_instant else "",
            revision=revision,
            kind="" if steps else ": str | None",
            before=f'"{steps[-1]}"' if steps else "None",
            body=re.sub(r"^\s*# .*\n?", "", body, flags=re.MULTILINE).strip(),
        ),
        encoding="utf-8",
    )
    return path


def _rendered(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    return "Instant()" if kind == "type" and isinstance(item, Instant) else False


if __name__ == "__main__":
    main()
