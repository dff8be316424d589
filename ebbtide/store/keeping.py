"""Copy the store of a project, put a copy back, and note who did it."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from ebbtide.project import load_project
from ebbtide.store.audit import record_deed
from ebbtide.store.backup import back_up, restore
from ebbtide.store.database import open_database
from ebbtide.store.migrations.upgrade import is_of_this_version
from ebbtide.store.settling import carry_over, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ebbtide.project import Project
    from ebbtide.store.backup import Backup
    from ebbtide.store.database import Database


def back_up_project(project_file: Path, *, to: Path, force: bool) -> Backup:
    """Copy the store of a project; see ``ebbtide.store.backup.back_up``."""
    with _store_of(load_project(project_file)) as database:
        made = back_up(database, to=to, force=force)
        if not is_of_this_version(database):  # a backup before an upgrade changes nothing
            return made
        database.write(
            partial(
                record_deed,
                at=datetime.now(UTC),
                actor=_this_user(),
                deed="store.backed_up",
                subject=None,
                details={"sha256": made.sha256},
            ),
            deed="note the backup",
        )
        return made


def restore_project(project_file: Path, *, source: Path, force: bool) -> bool:
    """Put a copy in the place of a project's store; see ``ebbtide.store.backup.restore``.

    Returns
    -------
    bool
        Whether keys and preferences are those that held until now.
    """
    project = load_project(project_file)
    carried = []

    def settle_copy(copy: Database) -> None:
        _settling(project)(copy)
        carried.append(carry_over(database, to=copy))

    with _store_of(project) as database:
        restore(database, source=source, settle=settle_copy, force=force)
    return all(carried)


def settle_project(project_file: Path) -> None:
    """Bring a project's store that was restored to this version; see ``settle``."""
    project = load_project(project_file)
    with _store_of(project) as database:
        _settling(project)(database)


def _settling(project: Project) -> partial[None]:
    return partial(
        settle,
        service_folder=project.folder / "service",
        at=datetime.now(UTC),
        actor=_this_user(),
    )


@contextmanager
def _store_of(project: Project) -> Iterator[Database]:
    database = open_database(project.database_url)
    try:
        yield database
    finally:
        database.close()


def _this_user() -> str:
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (KeyError, OSError):  # a container may run as a user without a name
        return "cli:unknown"
