"""Schemas of a PostgreSQL server: each test has one of its own."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4


def empty_schema(server: str) -> str:
    """Make a schema on a server, and return the URL under which it is the only one."""
    import psycopg

    schema = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server}&options={quote(f'-c search_path={schema}')}"
