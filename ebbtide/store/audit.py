"""The log of privileged deeds: who did what, when, each entry chained to the one before by a hash.

The chain shows that an entry was changed, removed, inserted or moved. Whoever may write to the
database could compute it anew; against that, keep an anchor elsewhere: a sequence with its hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from ebbtide.store.schema.access import AUDIT_HEAD, AUDIT_LOG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_MEMBERS = ("sequence", "at", "actor", "deed", "subject", "details", "previous_hash")
_PART = 1_000
START = "0" * 64
"""What the first entry names as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deed as it was recorded.

    Parameters
    ----------
    sequence : its number, from 1 without a gap.
    at : when it was done, UTC.
    actor : who did it: the name of a key, ``jwt:`` and a subject, ``cli:`` and a user.
    deed : what was done, such as ``key.created``.
    subject : pseudonym of the customer whom it was about; None for none.
    details : what else is to be known of it, as canonical JSON.
    previous_hash, hash : of the entry before, and its own: 64 hexadecimal digits.
    """

    sequence: int
    at: datetime
    actor: str
    deed: str
    subject: str | None
    details: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The newest entry at some moment; sequence 0 for an empty log."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the chain found.

    Parameters
    ----------
    entries : how many are sound, from the first on.
    head : the last sound entry.
    broken_at : sequence of the first entry that is not; None if all are.
    why : what is wrong with it, in a sentence.
    """

    entries: int
    head: Anchor
    broken_at: int | None = None
    why: str = ""


def record_deed(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    deed: str,
    subject: str | None,
    details: Mapping[str, str | int | None],
) -> None:
    """Append a deed to the log, as a part of the unit that does it.

    Others who append wait until the unit is committed, also in other processes.

    Parameters
    ----------
    connection : of the unit.
    at : when it is done, aware.
    actor : who does it, at most 64 characters.
    deed : what is done, in the form ``thing.done``.
    subject : pseudonym of the customer whom it is about, never an id.
    details : what else is to be known; nothing of a customer, no secret.
    """
    head = _locked_head(connection)
    row: dict[str, Any] = {
        "sequence": head.sequence + 1,
        "at": at.astimezone(UTC),
        "actor": actor,
        "deed": deed,
        "subject": subject,
        "details": _canonical(dict(details)),
        "previous_hash": head.hash,
    }
    row["hash"] = _hash_of(row)
    connection.execute(AUDIT_LOG.insert(), row)
    connection.execute(
        AUDIT_HEAD.update().where(AUDIT_HEAD.c.id == 1),
        {"sequence": row["sequence"], "hash": row["hash"]},
    )


def newest_deeds(
    connection: Connection, *, most: int, before: int | None = None
) -> Sequence[Entry]:
    """Return the newest entries, the newest first.

    Parameters
    ----------
    connection : to read through.
    most : how many at most.
    before : only those of a smaller sequence; None for all.
    """
    query = select(AUDIT_LOG).order_by(AUDIT_LOG.c.sequence.desc()).limit(most)
    if before is not None:
        query = query.where(AUDIT_LOG.c.sequence < before)
    return [Entry(**row._mapping) for row in connection.execute(query)]


def verify(connection: Connection, *, anchor: Anchor | None = None) -> Verdict:
    """Check the chain from its first entry to the head, and against an anchor.

    Parameters
    ----------
    connection : to read through; all of one moment.
    anchor : an entry that once was the newest; None for none.
    """
    sound = Anchor(sequence=0, hash=START)
    for entry in _entries(connection):
        why = _fault_of(entry, after=sound)
        if not why and anchor and entry.sequence == anchor.sequence and entry.hash != anchor.hash:
            why = "It differs from the anchor: the log was written anew."
        if why:
            return _broken(sound, why)
        sound = Anchor(sequence=entry.sequence, hash=entry.hash)
    head = connection.execute(select(AUDIT_HEAD.c.sequence, AUDIT_HEAD.c.hash)).one_or_none()
    if head is None and sound.sequence:
        return _broken(sound, "The head of the log is missing.")
    if head is not None and (head.sequence, head.hash) != (sound.sequence, sound.hash):
        return _broken(
            sound, f"The log ends too early: its head names entry {head.sequence} as the newest."
        )
    if anchor and anchor.sequence > sound.sequence:
        return _broken(sound, f"The log ends too early: the anchor names entry {anchor.sequence}.")
    return Verdict(entries=sound.sequence, head=sound)


def _locked_head(connection: Connection) -> Anchor:
    query = select(AUDIT_HEAD.c.sequence, AUDIT_HEAD.c.hash).with_for_update()
    head = connection.execute(query).one_or_none()
    if head is None:
        insert = _INSERT[connection.dialect.name](AUDIT_HEAD).on_conflict_do_nothing()
        connection.execute(insert, {"id": 1, "sequence": 0, "hash": START})
        head = connection.execute(query).one()
    return Anchor(sequence=head.sequence, hash=head.hash)


def _entries(connection: Connection) -> Iterator[Entry]:
    """Yield the log in order, part by part."""
    last = None
    while True:
        query = select(AUDIT_LOG).order_by(AUDIT_LOG.c.sequence).limit(_PART)
        if last is not None:
            query = query.where(AUDIT_LOG.c.sequence > last)
        part = connection.execute(query).all()
        for row in part:
            yield Entry(**row._mapping)
        if len(part) < _PART:
            return
        last = part[-1].sequence


def _fault_of(entry: Entry, *, after: Anchor) -> str:
    if entry.sequence != after.sequence + 1:
        return f"It is missing: the next entry is number {entry.sequence}."
    if entry.previous_hash != after.hash:
        return "It does not follow from the entry before: one of the two was exchanged."
    if entry.hash != _hash_of({name: getattr(entry, name) for name in _MEMBERS}):
        return "It was changed: its content does not give its hash."
    return ""


def _broken(sound: Anchor, why: str) -> Verdict:
    return Verdict(entries=sound.sequence, head=sound, broken_at=sound.sequence + 1, why=why)


def _hash_of(row: Mapping[str, Any]) -> str:
    at: datetime = row["at"]
    written = {**row, "at": at.astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(_canonical(written).encode()).hexdigest()


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
