"""The verb ``policy``: the starter policy, to be changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("policy")(policy)


def policy(
    out: Annotated[Path, typer.Option(help="File to write; must not be there yet.")],
) -> None:
    """Write the starter policy to a file, to be changed and named in the project file."""
    from ebbtide.errors import SettingsError
    from ebbtide.project import STARTER_POLICY

    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(STARTER_POLICY.read_text(encoding="utf-8"))
    except FileExistsError as err:
        raise SettingsError(f"{str(out)!r} is already there; choose another name.") from err
    except OSError as err:
        raise SettingsError(f"Cannot write {str(out)!r}: {err.strerror}.") from err
    typer.echo(f'Written: {out}. Name it in the project file: [policy] path = "{out.name}"')
