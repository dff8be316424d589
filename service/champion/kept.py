"""The last verified bundle on disk, from which the service starts when the registry is down."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POINTER = "last_verified.json"


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

    def path(self, kept: Kept) -> Path:
        """Where the files of a kept bundle are."""
        return self._folder / "bundles" / kept.bundle_version

    def last(self) -> Kept | None:
        """Return the last verified bundle, or None if there is none that could be read."""
        try:
            kept = Kept(**json.loads((self._folder / _POINTER).read_text(encoding="utf-8")))
            named = self.path(kept)
        except (OSError, ValueError, TypeError):
            return None
        is_inside = named.parent == self._folder / "bundles" and named.name.isalnum()
        return kept if is_inside and named.is_dir() else None

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder on the same disk, and remove it with what is left in it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._folder / mkdtemp(prefix="staging-", dir=self._folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def take_in(self, bundle: Path, kept: Kept) -> Path:
        """Move a verified bundle to its place and return the place."""
        place = self.path(kept)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        os.replace(bundle, place)
        return place

    def point_to(self, kept: Kept) -> None:
        """Make a bundle the last verified one, and remove the others."""
        draft = self._folder / f"{_POINTER}.draft"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(kept), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._folder / _POINTER)
        for other in (self._folder / "bundles").iterdir():
            if other.name != kept.bundle_version:
                shutil.rmtree(other, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Remove the staging folders of a process that was killed."""
        for folder in self._folder.glob("staging-*"):
            shutil.rmtree(folder, ignore_errors=True)
