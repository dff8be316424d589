"""A public archive without a published checksum: downloaded once, and the same ever after.

What is inside is not looked at here but in ``fetch``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

if TYPE_CHECKING:
    from pathlib import Path


class FetchError(Exception):
    """Data could not be brought, or are not what they should be; the message says what to do."""


def download(url: str, target: Path) -> None:
    """Bring the public archive of Online Retail II.

    Raises
    ------
    FetchError
        If it cannot be reached; the message names the ways without a network.
    """
    partial = target.with_suffix(".partial")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    try:
        with (
            httpx.stream("GET", url, follow_redirects=True, timeout=30) as answer,
            partial.open("wb") as file,
            Progress(*columns, console=Console(stderr=True)) as progress,
        ):
            answer.raise_for_status()
            size = int(answer.headers.get("Content-Length", 0)) or None
            task = progress.add_task("Downloading Online Retail II", total=size)
            for piece in answer.iter_bytes():
                file.write(piece)
                progress.advance(task, len(piece))
    except (httpx.HTTPError, OSError) as err:
        partial.unlink(missing_ok=True)
        raise FetchError(
            f"Online Retail II is not in EBBTIDE_DATA_DIR, and its public archive could not be "
            f"reached ({type(err).__name__}). Either save {url} as '{target}' from a machine with "
            f"a network, or set EBBTIDE_DATA_DIR to a folder with online_retail_II.parquet, or use "
            f"another shop: make demo"
        ) from err
    partial.replace(target)


def record_of(archive: Path) -> Path:
    """Return the file that keeps the checksum of an archive."""
    return archive.with_name(f"{archive.name}.sha256")


def same_as_before(archive: Path) -> str:
    """Return the SHA-256 of an archive.

    Raises
    ------
    FetchError
        If it is not that of the first archive that was used in its folder.
    """
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = record_of(archive)
    if record.exists() and (before := record.read_text(encoding="ascii").split()[0]) != digest:
        raise FetchError(
            f"Expected sha256 {before} of '{archive}', as when it was first fetched into this "
            f"folder, got {digest}. If the public archive was published anew, delete '{record}' "
            f"and fetch again; its contents are compared with the published counts all the same."
        )
    return digest
