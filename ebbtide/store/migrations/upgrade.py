"""Bring a database to the tables of this version; it never goes back.

All steps are one change: done whole or not at all, by whoever starts first; others wait for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ebbtide.store.database import Database

VERSIONS = Path(__file__).parent / "versions"
_WAIT_SECONDS = 120.0


def upgrade(database: Database, *, folder: Path = VERSIONS) -> None:
    """Make the tables of this version where they are not there.

    Parameters
    ----------
    database : empty, of an earlier version or of this one.
    folder : of the steps.

    Raises
    ------
    SettingsError
        If the database is of a newer version.
    StoreUnavailable
        If the database does not answer; it is as it was then.
    """
    steps = _steps(folder)
    with database.read("say which version it is of") as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == steps.get_current_head():
        return
    _require_known(current, steps)
    database.write(
        lambda connection: _take_steps(connection, steps, database=database),
        deed="make its tables",
        wait_seconds=_WAIT_SECONDS,
    )


def is_of_this_version(database: Database) -> bool:
    """Return whether a database has the tables of this version, neither older nor newer."""
    with database.read("say which version it is of") as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == _steps(VERSIONS).get_current_head()


def _take_steps(connection: Connection, steps: ScriptDirectory, *, database: Database) -> None:
    database.kind.take_time(connection)  # an index of a long log takes more than a minute
    context = MigrationContext.configure(connection)
    current = context.get_current_revision()  # another may have been here while this one waited
    _require_known(current, steps)
    ahead = [] if current == steps.get_current_head() else list(steps.walk_revisions())
    with Operations.context(context):
        for step in reversed(ahead):
            if current is None or step.revision > current:
                step.module.upgrade()
                context.stamp(steps, step.revision)


def _require_known(current: str | None, steps: ScriptDirectory) -> None:
    newest = steps.get_current_head()
    if current is not None and current not in {each.revision for each in steps.walk_revisions()}:
        raise SettingsError(
            f"Expected a database of step {newest} or earlier, got one of step {current!r}: a "
            f"newer Ebbtide has used it. Install that version, or restore a backup from before."
        )


def _steps(folder: Path) -> ScriptDirectory:
    return ScriptDirectory(folder.parent, version_locations=[folder])
