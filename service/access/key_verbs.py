"""What the verbs of keys do: check what was asked for, make a key, show keys as a table."""

from __future__ import annotations

import getpass
import os
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from rich.table import Table

from ebbtide.api_key import new_key
from ebbtide.errors import SettingsError, did_you_mean
from ebbtide.store.keys import add_key
from service.access.rates import PATTERN
from service.access.scopes import ALLOWS, DEMO, SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.api_key import KeyText
    from ebbtide.store.database import Database
    from ebbtide.store.keys import ApiKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def this_user() -> str:
    """Return who runs the command, as the log of deeds names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        name = str(os.getuid())
    return f"cli:{name}"[:64]


def create_key(
    database: Database,
    *,
    name: str,
    scopes: Sequence[str],
    days: int,
    rate_limit: str | None,
    at: datetime,
    actor: str,
) -> KeyText:
    """Make a key and keep its hash.

    Parameters
    ----------
    database : where keys are.
    name : who will use it.
    scopes : what it may do, at least one.
    days : for how long it holds.
    rate_limit : of its own; None for the service's.
    at : the present.
    actor : who makes it.

    Raises
    ------
    SettingsError
        If name, a scope or the limit is none, or two live keys have the name.
    """
    if not _NAME.fullmatch(name) or name == DEMO.name:
        raise SettingsError(
            "Expected as the name of a key 1 to 60 letters, digits, dots, underscores and hyphens, "
            f"a letter or digit first, and not {DEMO.name!r}; got something else. Name the system "
            "that will use it."
        )
    for scope in scopes:
        if scope not in SCOPES:
            allowed = "; ".join(f"{each}: {what}" for each, what in ALLOWS.items())
            raise SettingsError(
                f"Expected scopes of: {allowed}. Got another: {did_you_mean(scope, SCOPES)}"
            )
    if rate_limit is not None and not re.fullmatch(PATTERN, rate_limit):
        raise SettingsError(
            "Expected a limit such as 600/minute (second, minute, hour or day), got something "
            "else. Leave it out for the service's own."
        )
    key = new_key()
    database.write(
        partial(
            add_key,
            key=key,
            name=name,
            scopes=frozenset(scopes),
            rate_limit=rate_limit,
            at=at,
            expires_at=at + timedelta(days=days),
            actor=actor,
        ),
        deed="keep the key",
    )
    return key


def key_table(keys: Sequence[ApiKey], *, at: datetime) -> Table:
    """Return keys as a table, without what is kept of their secrets."""
    table = Table()
    for heading in ("id", "name", "state", "scopes", "limit", "created", "expires", "last used"):
        table.add_column(heading, overflow="fold")
    for key in keys:
        table.add_row(
            key.key_id,
            key.name,
            key.state(at),
            " ".join(sorted(key.scopes)),
            key.rate_limit or "",
            _day(key.created_at),
            _day(key.expires_at),
            f"{key.last_used_at:%Y-%m-%d %H:00}" if key.last_used_at else "never",
        )
    return table


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
