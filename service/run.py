"""Run the service: ``ebbtide serve``."""

from __future__ import annotations

import gc
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from service.app import create_app
from service.connection import RESERVE, Room, connection_class
from service.descriptors import raise_descriptors
from service.ending import EndingServer
from service.memory import share_heaps
from service.request_log import RequestLines
from service.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle
    from service.metrics import Metrics
    from service.settings import Settings

_NEW_OBJECTS = 20_000
"""So many more objects than went are looked through: those of some 800 requests."""


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
    share_heaps()
    settings = read_settings(project_file=project_file)
    lines = RequestLines(sys.stderr)
    app = create_app(settings, model=model, host=host, log=lines)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=connection_class(
            room=_room(settings, app.state.desk.metrics),
            refusal=app.state.edge.refusal,
            prompt=app.state.edge,
            head_deadline_seconds=settings.head_deadline_seconds,
            answer_deadline_seconds=settings.answer_deadline_seconds,
        ),
        ws="none",  # there are none, and uvicorn would log the address of who asks for one
    )
    server = EndingServer(config, grace_seconds=settings.grace_seconds)
    _look_for_garbage_less_often()
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    finally:
        lines.flush()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _look_for_garbage_less_often() -> None:
    """Leave out what is there by now, and look at what comes a group of requests at a time.

    An answered request leaves nothing to find. By itself Python looks after 700 new objects, those
    of some thirty requests: 8 % of the time of each went into it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def _room(settings: Settings, metrics: Metrics) -> Room:
    wanted = settings.max_connections + RESERVE
    enough = raise_descriptors(wanted)
    reserve = RESERVE if enough == wanted else enough // 4
    return Room(
        max_connections=enough - reserve,
        reserve=reserve,
        on_refused=metrics.rejected.labels(reason="too-many-connections").inc,
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
