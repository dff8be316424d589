"""What the verbs of the log of deeds do: read it, verify it, keep its anchor in a file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from rich.table import Table

from ebbtide.errors import EbbtideError, SettingsError
from ebbtide.store.audit import Anchor, newest_deeds, record_deed, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ebbtide.store.audit import Entry, Verdict
    from ebbtide.store.database import Database


def read_deeds(database: Database, *, most: int, at: datetime, actor: str) -> Sequence[Entry]:
    """Return the newest deeds; that they were read is recorded first."""
    database.write(
        partial(record_deed, at=at, actor=actor, deed="audit.read", subject=None, details={}),
        deed="record the deed",
    )
    with database.read("list the deeds") as connection:
        return newest_deeds(connection, most=most)


def verified(database: Database, *, anchor_file: Path | None) -> Verdict:
    """Return what a check of the log found, if it is sound; then the anchor moves on.

    Parameters
    ----------
    database : where the log is.
    anchor_file : keeps the newest entry of the last check; None for none. Keep it where nobody who
        may write to the database may write.

    Raises
    ------
    EbbtideError
        If the log is broken; the message names the first entry that is.
    SettingsError
        If the file cannot be read or written, or holds something else.
    """
    anchor = _read(anchor_file) if anchor_file and anchor_file.exists() else None
    with database.read("verify the log of deeds") as connection:
        verdict = verify(connection, anchor=anchor)
    if verdict.broken_at is not None:
        raise EbbtideError(
            f"The log of deeds is broken at entry {verdict.broken_at}. {verdict.why} The "
            f"{verdict.entries} entries before are sound. Compare with a backup of the database."
        )
    if anchor_file:
        _write(anchor_file, verdict.head)
    return verdict


def deed_table(deeds: Sequence[Entry]) -> Table:
    """Return deeds as a table."""
    table = Table()
    for heading in ("number", "at", "who", "deed", "subject", "details"):
        table.add_column(heading, overflow="fold")
    for entry in deeds:
        details = json.loads(entry.details)
        table.add_row(
            str(entry.sequence),
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.actor,
            entry.deed,
            entry.subject or "",
            ", ".join(f"{name}={value}" for name, value in details.items()),
        )
    return table


def _read(file: Path) -> Anchor:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Anchor(sequence=int(content["sequence"]), hash=str(content["hash"]))
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise SettingsError(
            "Expected in the anchor file a sequence with its hash, as `ebbtide audit verify` wrote "
            "it; got something else. Bring back the file that was written, or name a new one."
        ) from err


def _write(file: Path, head: Anchor) -> None:
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(json.dumps(asdict(head)) + "\n", encoding="utf-8")
        os.replace(beside, file)
    except OSError as err:
        raise SettingsError(f"Cannot write the anchor file: {err.strerror}.") from err
