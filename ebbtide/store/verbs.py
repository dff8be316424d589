"""The verbs ``store backup``, ``store restore`` and ``store settle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption

_LOOK_THROUGH = (
    "Keys that were revoked and preferences that were given since the backup are as they were "
    "then: look through them. Readers of the list of scores begin anew."
)

_AS_NOW = "Keys and preferences are as they were until now. Readers of the list begin anew."


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    store = typer.Typer(
        name="store", help="Copy the store, and put a copy back.", no_args_is_help=True
    )
    store.command("backup")(backup)
    store.command("restore")(restore)
    store.command("settle")(settle)
    app.add_typer(store)


def backup(
    to: Annotated[Path, typer.Option(help="File to write; FILE.sha256 goes beside it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Copy the store into one file while the service runs, and check the copy."""
    from ebbtide.console import progress_shown
    from ebbtide.store.keeping import back_up_project

    with progress_shown("backup") as show:
        show("copying and checking")
        made = back_up_project(config, to=to, force=force)
    typer.echo(f"Written: {to} ({made.size_bytes:,} bytes, sha256 {made.sha256}), and checked.")


def restore(
    source: Annotated[Path, typer.Option("--from", help="Backup; FILE.sha256 is beside it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a store that holds something.")
    ] = False,
) -> None:
    """Put a backup in the place of the store; what was erased since stays erased."""
    from ebbtide.console import progress_shown
    from ebbtide.store.keeping import restore_project

    with progress_shown("restore") as show:
        show("checking, erasing again what was erased since, replacing")
        is_carried_over = restore_project(config, source=source, force=force)
    typer.echo(f"Restored from {source}. {_AS_NOW if is_carried_over else _LOOK_THROUGH}")


def settle(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """After PostgreSQL's own tools restored the store: erase again what was erased since."""
    from ebbtide.store.keeping import settle_project

    settle_project(config)
    typer.echo(f"Settled. {_LOOK_THROUGH}")
