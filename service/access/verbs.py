"""The verbs ``keys create|list|revoke`` and ``audit show|verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ebbtide.store.database import Database


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    keys = typer.Typer(
        name="keys", help="Make, list and revoke the keys of the API.", no_args_is_help=True
    )
    keys.command("create")(create)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke)
    app.add_typer(keys)
    audit = typer.Typer(
        name="audit", help="Read and verify the log of privileged deeds.", no_args_is_help=True
    )
    audit.command("show")(show)
    audit.command("verify")(verify)
    app.add_typer(audit)


def create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; may be given again.")],
    days: Annotated[int, typer.Option(help="For how long it holds.", min=1, max=3650)] = 365,
    rate_limit: Annotated[
        str | None,
        typer.Option(help="Such as 600/minute.", show_default="the service's"),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    from service.access.key_verbs import create_key, this_user, utc_now

    with _database(config) as database:
        key = create_key(
            database,
            name=name,
            scopes=scope,
            days=days,
            rate_limit=rate_limit,
            at=utc_now(),
            actor=this_user(),
        )
    typer.echo(key.text)
    typer.echo(
        f"Keep it now: it is never shown again. Its id is {key.key_id}; it holds for {days} days.",
        err=True,
    )


def list_keys(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List every key that ever was: id, name, state, scopes, times; never a secret."""
    from ebbtide.console import screen
    from ebbtide.store.keys import all_keys
    from service.access.key_verbs import key_table, utc_now

    with _database(config) as database, database.read("list the keys") as connection:
        keys = all_keys(connection)
    if not keys:
        typer.echo("There is no key yet; `ebbtide keys create` makes one.", err=True)
        return
    screen().print(key_table(keys, at=utc_now()))


def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key: its 12 characters after ebb_.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Let a key hold no longer; services see it within seconds."""
    from functools import partial

    from ebbtide.store.keys import revoke_key
    from service.access.key_verbs import this_user, utc_now

    with _database(config) as database:
        database.write(
            partial(revoke_key, key_id=key_id, at=utc_now(), actor=this_user()),
            deed="revoke the key",
        )
    typer.echo("Revoked. Services that run refuse it after EBBTIDE_KEY_CACHE_SECONDS.", err=True)


def show(
    most: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """List privileged deeds, the newest first; that is one, too."""
    from ebbtide.console import screen
    from service.access.audit_verbs import deed_table, read_deeds
    from service.access.key_verbs import this_user, utc_now

    with _database(config) as database:
        deeds = read_deeds(database, most=most, at=utc_now(), actor=this_user())
    screen().print(deed_table(deeds))


def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(help="File that keeps the newest entry; made if absent.", show_default="none"),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Check that no entry of the log was changed, removed, inserted or moved."""
    from service.access.audit_verbs import verified

    with _database(config) as database:
        verdict = verified(database, anchor_file=anchor)
    typer.echo(f"Sound: {verdict.entries} entries. The newest has the hash {verdict.head.hash}.")


def _database(config: Path) -> AbstractContextManager[Database]:
    from contextlib import contextmanager

    from ebbtide.project import load_project
    from ebbtide.store.sql import open_store

    @contextmanager
    def opened() -> Iterator[Database]:
        store = open_store(load_project(config).database_url)
        try:
            yield store.database
        finally:
            store.close()

    return opened()
