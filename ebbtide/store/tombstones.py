"""Who was erased when, in a file beside the database that no restored database overwrites.

One JSON line for each erasure: a pseudonym and an instant, no id.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ebbtide.errors import SettingsError
from ebbtide.store.store import StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One erasure.

    Parameters
    ----------
    pseudonym : of the customer.
    erased_at : when, aware.
    """

    pseudonym: str
    erased_at: datetime


class TombstoneFile:
    """An append-only file of erasures.

    Parameters
    ----------
    path : the file; made with the first erasure.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, tombstone: Tombstone) -> None:
        """Write an erasure; it is on disk when this returns.

        Raises
        ------
        StoreUnavailable
            If it cannot be written; nothing must be erased then.
        """
        line = {"pseudonym": tombstone.pseudonym, "erased_at": tombstone.erased_at.isoformat()}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # A line break first, too: a line that a crash has torn spoils no other.
                os.write(descriptor, b"\n" + json.dumps(line).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _sync_folder(self._path.parent)
        except OSError as err:
            raise StoreUnavailable("note the erasure") from err

    def read(self) -> list[Tombstone]:
        """Return all erasures, the newest of each customer; what a crash has torn is left out.

        Raises
        ------
        SettingsError
            If the file is there and cannot be read.
        """
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as err:
            raise SettingsError(
                f"Expected to read {self._path.name}, which says who was erased; got "
                f"{type(err).__name__}. Mend its rights: without it a restored database could "
                f"bring erased customers back."
            ) from err
        newest: dict[str, datetime] = {}
        for found in filter(None, map(_parsed, lines)):
            known = newest.get(found.pseudonym)
            if known is None or known < found.erased_at:
                newest[found.pseudonym] = found.erased_at
        return [Tombstone(pseudonym=name, erased_at=at) for name, at in newest.items()]


def _parsed(line: str) -> Tombstone | None:
    try:
        read = json.loads(line)
        erased_at = datetime.fromisoformat(read["erased_at"])
        if erased_at.tzinfo is None:
            return None
        return Tombstone(pseudonym=str(read["pseudonym"]), erased_at=erased_at)
    except (ValueError, KeyError, TypeError):
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
