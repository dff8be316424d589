"""Verbs about what is registered: ``ebbtide models``, ``ebbtide promote``, ``ebbtide rollback``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, bundle_key

AcceptOption = Annotated[
    list[str] | None,
    typer.Option("--accept", help="Code of a refusal that you have looked into; repeatable."),
]
WhyOption = Annotated[str, typer.Option("--why", help="Reason, kept in the history.")]
WhoOption = Annotated[
    str | None, typer.Option("--who", help="Who does it; default: the user of this machine.")
]


def models(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List the registered versions with their aliases and measures, and the promotions."""
    from ebbtide.project import load_project
    from training.registry import connect_registry, promotions, versions
    from training.report import print_versions

    project = load_project(config)
    client = connect_registry(project)
    listed = versions(client, project.model_name)
    print_versions(
        project.model_name,
        listed,
        promotions(client, project.model_name),
        time_zone=project.project.time_zone,
    )


def promote(
    why: WhyOption,
    config: ConfigOption = DEFAULT_CONFIG,
    version: Annotated[
        str | None, typer.Option(help="Which version; default: the challenger.")
    ] = None,
    accept: AcceptOption = None,
    who: WhoOption = None,
) -> None:
    """Make a version the champion, if it passes the gate."""
    from ebbtide.project import load_project
    from training import registry

    project = load_project(config)
    client = registry.connect_registry(project)
    number = registry.promote(
        client,
        project.model_name,
        number=version,
        key=bundle_key(),
        settings=project.gate,
        who=who or _user(),
        why=why,
        at=datetime.now(UTC),
        accepted=accept or [],
    )
    typer.echo(f"Version {number} of {project.model_name} is champion.")


def rollback(why: WhyOption, config: ConfigOption = DEFAULT_CONFIG, who: WhoOption = None) -> None:
    """Make the champion before the present one champion again."""
    from ebbtide.project import load_project
    from training import registry

    project = load_project(config)
    client = registry.connect_registry(project)
    number = registry.rollback(
        client, project.model_name, who=who or _user(), why=why, at=datetime.now(UTC)
    )
    typer.echo(f"Version {number} of {project.model_name} is champion again.")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
