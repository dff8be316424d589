"""Keys of the API as they are kept: never the secret, only its hash.

A key is made, used, and revoked or expired; its row stays. The audit log says who made or revoked
it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from ebbtide.errors import NotReady, SettingsError
from ebbtide.store.audit import record_deed
from ebbtide.store.schema.access import API_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.api_key import KeyText

LIVE_KEYS_PER_NAME = 2
"""One in use and one to change over to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key.

    Parameters
    ----------
    key_id : its public part.
    name : who uses it; two live keys may have the same.
    secret_hash : SHA-256 of its secret, hexadecimal.
    scopes : what it may do.
    rate_limit : requests by time, such as ``6000/minute``; None for the service's own.
    created_at, expires_at : from when until when it holds.
    revoked_at : since when it does not hold; None if it does.
    last_used_at : when it was used, exact to the hour; None if never.
    """

    key_id: str
    name: str
    secret_hash: str
    scopes: frozenset[str]
    rate_limit: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def state(self, at: datetime) -> str:
        """Return ``live``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if at < self.expires_at else "expired"


def add_key(
    connection: Connection,
    key: KeyText,
    *,
    name: str,
    scopes: frozenset[str],
    rate_limit: str | None,
    at: datetime,
    expires_at: datetime,
    actor: str,
) -> None:
    """Keep a new key, as a part of a unit of ``Database.write``.

    Parameters
    ----------
    connection : of the unit.
    key : whose hash is kept.
    name : who will use it.
    scopes : what it may do.
    rate_limit : of its own; None for the service's.
    at, expires_at : from when until when it holds.
    actor : who makes it.

    Raises
    ------
    SettingsError
        If two live keys have that name already.
    """
    record_deed(  # first: it makes others who add a key wait, so that the count below holds
        connection,
        at=at,
        actor=actor,
        deed="key.created",
        subject=None,
        details={
            "key_id": key.key_id,
            "name": name,
            "scopes": " ".join(sorted(scopes)),
            "expires_at": expires_at.isoformat(),
        },
    )
    live = [each for each in all_keys(connection) if each.name == name and each.state(at) == "live"]
    if len(live) >= LIVE_KEYS_PER_NAME:
        raise SettingsError(
            f"Expected at most {LIVE_KEYS_PER_NAME} live keys of one name, and {name!r} has "
            f"{len(live)}: {', '.join(each.key_id for each in live)}. Revoke the one that is no "
            "longer used, or take another name."
        )
    connection.execute(
        API_KEYS.insert(),
        {
            "key_id": key.key_id,
            "name": name,
            "secret_hash": key.secret_hash,
            "scopes": json.dumps(sorted(scopes)),
            "rate_limit": rate_limit,
            "created_at": at,
            "expires_at": expires_at,
        },
    )


def revoke_key(connection: Connection, key_id: str, *, at: datetime, actor: str) -> None:
    """Let a key hold no longer, as a part of a unit; one that was revoked before stays so.

    Raises
    ------
    NotReady
        If there is no key of that id.
    """
    row = connection.execute(select(API_KEYS).where(API_KEYS.c.key_id == key_id)).one_or_none()
    if row is None:
        raise NotReady("No key has this id. `ebbtide keys list` shows those that there are.")
    if row.revoked_at is not None:
        return
    record_deed(
        connection,
        at=at,
        actor=actor,
        deed="key.revoked",
        subject=None,
        details={"key_id": key_id, "name": row.name},
    )
    connection.execute(API_KEYS.update().where(API_KEYS.c.key_id == key_id), {"revoked_at": at})


def note_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """Note when keys were last used, by their ids, as a part of a unit."""
    for key_id, at in uses.items():
        connection.execute(
            API_KEYS.update().where(API_KEYS.c.key_id == key_id), {"last_used_at": at}
        )


def all_keys(connection: Connection) -> Sequence[ApiKey]:
    """Return every key that ever was, the oldest first."""
    query = select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.key_id)
    return [
        ApiKey(**{**row._mapping, "scopes": frozenset(json.loads(row.scopes))})
        for row in connection.execute(query)
    ]
