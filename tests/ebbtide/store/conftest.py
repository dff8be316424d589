"""Every store on both databases: a SQLite file, and a schema of its own on a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ebbtide.store.sql import open_store
from on_postgres import empty_schema, postgres_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ebbtide.store.sql import SqlStore


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server of this session."""
    with postgres_in(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/s.db"
    return empty_schema(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """An open store of each kind."""
    made = open_store(url)
    yield made
    made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that need the server in one process: there is one for each."""
    for item in items:
        if "postgresql" in item.name or "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("postgres"))
