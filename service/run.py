"""Run the service: ``ebbtide serve``."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
import uvicorn

from service.app import create_app
from service.bounded_head import bounded_head
from service.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle


def serve(
    project_file: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: Bundle | None = None,
) -> None:
    """Serve a project until the process is told to end.

    Parameters
    ----------
    project_file : the project file.
    host : address to listen at.
    port : port to listen at; 0 takes a free one, which the log names.
    model : serve this bundle for ever; None to follow the champion of the registry.

    Raises
    ------
    SettingsError
        If the project file, the policy or a setting is wrong.
    """
    log_as_json()
    settings = read_settings(project_file=project_file)
    app = create_app(settings, model=model, host=host)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.max_connections,
        http=bounded_head(settings.head_deadline_seconds),
        ws="none",  # there are none, and uvicorn would log the address of who asks for one
        timeout_graceful_shutdown=20,
    )


def log_as_json() -> None:
    """Write every log line as one JSON object to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
