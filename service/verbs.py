"""The verb of the command line that answers over HTTP: ``serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    app.command("serve")(serve)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Answer scoring requests over HTTP until stopped."""
    from service.run import serve as run_service

    run_service(config, host=host, port=port)
