"""Copies of a store in one file: made while the service writes, checked, and put back whole.

A copy is of one moment. Beside it lies its checksum, as ``sha256sum`` writes it. For PostgreSQL its
own tools do this; the error names the command.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ebbtide.errors import ContractError, NotReady, SettingsError
from ebbtide.store.database import open_database
from ebbtide.store.sqlite import SqliteFile
from ebbtide.store.store import StoreBusy, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.store.database import Database

_BLOCK = 2**20
_WAIT_SECONDS = 60.0
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy that was made and checked.

    Parameters
    ----------
    size_bytes : of the file.
    sha256 : of its content.
    """

    size_bytes: int
    sha256: str


def back_up(database: Database, *, to: Path, force: bool = False) -> Backup:
    """Copy a store into a file, as it is at one moment; others may read and write meanwhile.

    When this returns, the file and its checksum are on disk, and the file was found sound.

    Parameters
    ----------
    database : the store.
    to : the file to write; the checksum goes beside it, with ``.sha256`` at the end of its name.
    force : overwrite it if it is there.

    Raises
    ------
    SettingsError
        If the file is there already or cannot be written, or the store is in PostgreSQL.
    NotReady
        If there is nothing in the store.
    StoreUnavailable
        If the store cannot be read or is damaged.
    """
    source = _file_of(database, "back it up", "pg_dump --format=custom --file=FILE --dbname={url}")
    if to.exists() and not force:
        raise SettingsError(f"{str(to)!r} is already there; choose another name, or add --force.")
    if to.absolute() in (source, _beside(source, "-wal"), _beside(source, "-shm")):
        raise SettingsError("Expected another file than the store itself; choose another name.")
    if not _has_tables(source):
        raise NotReady("There is nothing in the store yet. Serve or score first.")
    with _files_written(to), tempfile.TemporaryDirectory(prefix=".backup-", dir=to.parent) as made:
        copy = Path(made) / to.name
        os.close(os.open(copy, os.O_CREAT | os.O_WRONLY, 0o600))
        try:
            with closing(_opened(source, "ro")) as connection:
                copy_into(connection, copy)
            _require_sound(copy)
        except sqlite3.DatabaseError as err:
            raise StoreUnavailable("be copied") from err
        digest = _digest(copy)
        note = Path(made) / "sha256"
        note.write_text(f"{digest}  {to.name}\n", encoding="utf-8")
        size_bytes = copy.stat().st_size
        for each, place in ((copy, to), (note, _beside(to, ".sha256"))):
            _sync(each)
            each.replace(place)
        _sync(to.parent)
    return Backup(size_bytes=size_bytes, sha256=digest)


def restore(
    database: Database, *, source: Path, settle: Callable[[Database], None], force: bool = False
) -> None:
    """Put the content of a backup in the place of a store's, whole or not at all.

    Services that are running see the new content with their next transaction.

    Parameters
    ----------
    database : the store; its file may be new.
    source : the backup; its checksum is beside it.
    settle : is given a private copy of the backup before it takes the place, to bring it to the
        tables of this version and to take out again what was erased since.
    force : overwrite a store that has tables.

    Raises
    ------
    ContractError
        If the backup is damaged or is none.
    SettingsError
        If the store holds something and ``force`` is not given, or the store is in PostgreSQL.
    StoreBusy
        If others hold the store for a minute.
    """
    target = _file_of(
        database,
        "restore it, while every service is stopped",
        "pg_restore --clean --if-exists --single-transaction --dbname={url} FILE && "
        "ebbtide store settle",
    )
    _require_unbroken(source)
    if not force and _has_tables(target):
        raise SettingsError(
            f"The store {str(target)!r} holds something. Back it up, and add --force to replace it."
        )
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=target.parent) as made:
        copy = Path(made) / "store.db"
        try:
            with closing(_opened(source, "ro")) as connection:
                copy_into(connection, copy)
            _require_sound(copy)
        except sqlite3.DatabaseError as err:
            raise ContractError(
                "Expected a backup of a store, and the file is damaged or something else. Take "
                "another one."
            ) from err
        settled = open_database(f"sqlite:///{copy}")
        try:
            settle(settled)
        finally:
            settled.close()
        try:
            with closing(_opened(copy, "rw")) as connection:
                copy_into(connection, target)
        except sqlite3.DatabaseError as err:
            raise StoreUnavailable(
                "be replaced: if its file is damaged, move it away with its -wal and -shm"
            ) from err


def copy_into(source: sqlite3.Connection, path: Path) -> None:
    """Replace what is in a SQLite file by what another connection sees, in one transaction.

    Raises
    ------
    StoreBusy
        If others hold the file for a minute.
    """
    ends_at = monotonic() + _WAIT_SECONDS

    def wait_no_longer(status: int, _remaining: int, _total: int) -> None:
        if status in _HELD and monotonic() > ends_at:
            raise StoreBusy("be replaced", waited_seconds=_WAIT_SECONDS)

    with closing(_opened(path, "rwc")) as target:
        target.execute("PRAGMA synchronous = FULL")
        source.backup(target, progress=wait_no_longer)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _file_of(database: Database, what: str, command: str) -> Path:
    if isinstance(database.kind, SqliteFile):
        return database.kind.path
    url = database.engine.url.set(drivername="postgresql")._replace(password=None)
    shown = url.difference_update_query(["password", "sslpassword"]).render_as_string()
    raise SettingsError(
        f"The store is in PostgreSQL, whose own tools {what}. Run: "
        f"{command.format(url=shlex.quote(shown))} (they take the password from PGPASSWORD or "
        f"~/.pgpass)."
    )


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0, isolation_level=None
    )


def _require_sound(copy: Path) -> None:
    """Check every page, and make it one file that needs nothing beside it."""
    with closing(_opened(copy, "rw")) as connection:
        for check in ("integrity_check", "foreign_key_check"):
            found = connection.execute(f"PRAGMA {check}").fetchall()
            if found not in ([], [("ok",)]):
                raise sqlite3.DatabaseError(f"{check} found {len(found)} fault(s)")
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()


def _require_unbroken(source: Path) -> None:
    beside = _beside(source, ".sha256")
    try:
        digest = _digest(source)
        noted = beside.read_text(encoding="utf-8").split()[:1]
    except (OSError, UnicodeDecodeError) as err:
        raise NotReady(
            f"Expected the backup {str(source)!r} and its checksum {beside.name!r} beside it, and "
            f"one of them cannot be read. Copy both, or make the checksum anew with sha256sum if "
            f"the file is surely whole."
        ) from err
    if noted != [digest]:
        raise ContractError(
            f"The backup {str(source)!r} is not what its checksum says; it was damaged or changed. "
            f"Take another one."
        )


def _has_tables(path: Path) -> bool:
    try:
        with closing(_opened(path, "ro")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(count)
    except sqlite3.DatabaseError:
        return path.exists() and path.stat().st_size > 0


def _beside(path: Path, ending: str) -> Path:
    return path.absolute().with_name(path.name + ending)


@contextmanager
def _files_written(to: Path) -> Iterator[None]:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as err:
        raise SettingsError(f"Cannot write {str(to)!r}: {err.strerror}.") from err


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
