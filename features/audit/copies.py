"""Copies of a company's tables in which some tables are replaced; the originals are not touched."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from features.audit.subject import Subject
from features.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from features.audit.perturbations import Altered

_MARKED = "WITH marked AS (SELECT *, row_number() OVER () AS audit_row FROM {source})"


@contextmanager
def replaced_copy(tables: Tables, queries: Mapping[str, str], *, schema: str) -> Iterator[Tables]:
    """Open tables of which some are replaced by what a query over the original returns.

    Parameters
    ----------
    tables : the tables to start from.
    queries : a query over ``marked`` by the table it replaces; ``marked`` is the table with a
        number for each row, ``audit_row``.
    schema : where the copies are kept meanwhile; a name that nothing else uses.
    """
    connection = tables.connection.cursor()
    path = _search_path(tables)
    try:
        connection.execute(f"SET TimeZone = '{tables.time_zone}'")
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"SET search_path = '{','.join([schema, *path])}'")
        copy = Tables(
            connection=connection, columns=dict(tables.columns), time_zone=tables.time_zone
        )
        for table, query in queries.items():
            marked = _MARKED.format(source=_home(tables, table))
            connection.execute(f"CREATE TABLE {schema}.{table} AS {marked} SELECT * FROM ({query})")
            described = connection.sql(f"DESCRIBE {schema}.{table}").fetchall()
            copy.columns[table] = frozenset(row[0] for row in described)
        yield copy
    finally:
        connection.execute("SET search_path = 'main'")
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.close()


@contextmanager
def altered_copy(
    tables: Tables,
    alter: Callable[[Subject], Altered | None],
    *,
    only: frozenset[str],
    as_of: datetime,
    seed: int,
    schema: str,
) -> Iterator[tuple[Tables, Mapping[str, int]]]:
    """Open tables of which some are altered, and how many rows of each were touched.

    Parameters
    ----------
    tables : the tables to start from.
    alter : what to do to a table.
    only : the tables to do it to.
    as_of : the instant of the audit.
    seed : equal seeds give equal rows.
    schema : where the copies are kept meanwhile; a name that nothing else uses.
    """
    queries, touched = {}, {}
    for table in sorted(only & set(tables.columns)):
        columns = frozenset(tables.columns[table])
        altered = alter(Subject(table=table, columns=columns, as_of=as_of, seed=seed))
        touched[table] = 0 if altered is None else _count(tables, _home(tables, table), altered)
        if altered is not None and touched[table]:
            queries[table] = altered.rows
    with replaced_copy(tables, queries, schema=schema) as copy:
        yield copy, touched


def _search_path(tables: Tables) -> list[str]:
    found = tables.connection.sql("SELECT current_setting('search_path')").fetchall()[0][0]
    return [name for name in str(found).split(",") if name] or ["main"]


def _home(tables: Tables, table: str) -> str:
    """Return a table under its full name, as the connection at hand resolves it."""
    for schema in _search_path(tables):
        there = tables.connection.sql(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = "
            f"'{schema}' AND table_name = '{table}'"
        ).fetchall()
        if there:
            return f"{schema}.{table}"
    return table


def _count(tables: Tables, source: str, altered: Altered) -> int:
    counted = tables.connection.sql(
        f"{_MARKED.format(source=source)} SELECT count(*) FROM marked WHERE {altered.touched}"
    ).fetchall()[0][0]
    return int(counted) if altered.most is None else min(int(counted), altered.most)
