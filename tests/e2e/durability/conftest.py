"""A PostgreSQL server that a test may crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from on_postgres import postgres_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a server for one test."""
    with postgres_in(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server
