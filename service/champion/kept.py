"""The last verified bundles on disk, from which the service starts when the registry is down.

Two are kept, the newest first: should the last one be damaged, there is the one before.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Set
    from pathlib import Path

_POINTER = "last_verified.json"
_KEPT = 2
_LITTLE_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Which bundle is the last verified one.

    Parameters
    ----------
    bundle_version : the bundle's own version; also the name of its folder.
    identity, registry_version : of the model version in the registry that it came from.
    """

    bundle_version: str
    identity: str
    registry_version: str


class KeptBundles:
    """A folder of verified bundles with a pointer to the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_nearly_full(self) -> bool:
        """Whether there is hardly room for a bundle."""
        try:
            return shutil.disk_usage(self._folder).free < _LITTLE_BYTES
        except OSError:  # it is not there
            return False

    def path(self, kept: Kept) -> Path:
        """Where the files of a kept bundle are."""
        return self._folder / "bundles" / kept.bundle_version

    def verified(self) -> list[Kept]:
        """Return the bundles that were verified last, newest first; none that cannot be read."""
        try:
            read = json.loads((self._folder / _POINTER).read_text(encoding="utf-8"))
            named = [Kept(**each) for each in read][:_KEPT]
            return [kept for kept in named if self._is_there(kept)]
        except (OSError, ValueError, TypeError):
            return []

    def _is_there(self, kept: Kept) -> bool:
        place = self.path(kept)
        is_inside = place.parent == self._folder / "bundles" and place.name.isalnum()
        return is_inside and place.is_dir()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder on the same disk, and remove it with what is left in it.

        It is locked meanwhile, so that no other process takes it for one that was left.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._folder / mkdtemp(prefix="staging-", dir=self._folder)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)

    def take_in(self, bundle: Path, kept: Kept, *, names: Set[str]) -> Path:
        """Move a verified bundle to its place, on disk for good, and return the place.

        Only files of these names are kept: nobody has verified what else came with them.
        """
        for entry in bundle.iterdir():
            if entry.name in names and entry.is_file() and not entry.is_symlink():
                _sync(entry)
            elif entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        _sync(bundle)
        place = self.path(kept)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        os.replace(bundle, place)
        _sync(place.parent)
        return place

    def point_to(self, kept: Kept) -> None:
        """Make a bundle the last verified one, keep the one before, and remove the others."""
        before = [each for each in self.verified() if each.bundle_version != kept.bundle_version]
        named = [kept, *before][:_KEPT]
        draft = self._folder / f"{_POINTER}.draft"
        draft.write_text(json.dumps([asdict(each) for each in named]), encoding="utf-8")
        _sync(draft)
        os.replace(draft, self._folder / _POINTER)
        _sync(self._folder)
        versions = {each.bundle_version for each in named}
        for other in (self._folder / "bundles").iterdir():
            if other.name not in versions:
                shutil.rmtree(other, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove the staging folders of a process that was killed."""
        for folder in self._folder.glob("staging-*"):
            if _is_nobodys(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_nobodys(folder: Path) -> bool:
    """Whether no process holds a folder locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _sync(path: Path) -> None:
    """Return when a file, or the list of a folder's files, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
