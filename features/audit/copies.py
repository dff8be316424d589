"""Copies of a company's tables in which some tables are replaced, for as long as a block runs.

Within the block the originals stand aside under another name, in the same database: whoever reads
the tables then, by whatever cursor, reads the copies and cannot pass them by.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from features.audit.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from features.audit.perturbations import Altered
    from features.tables import Tables

_MARKED = (
    "WITH marked AS (SELECT *, row_number() OVER (ORDER BY hash(given)) AS audit_row"
    " FROM {source} AS given)"
)
"""Rows with numbers that do not depend on how they lie, so that equal seeds touch equal rows."""


@contextmanager
def replaced_copy(tables: Tables, queries: Mapping[str, str], *, aside: str) -> Iterator[Tables]:
    """Open tables of which some are replaced by what a query over the original returns.

    Parameters
    ----------
    tables : the tables to start from; not to be used within the block.
    queries : a query over ``marked`` by the table it replaces; ``marked`` is the table with a
        number for each row, ``audit_row``.
    aside : what the names of the originals begin with meanwhile; nothing else may.
    """
    connection = tables.connection
    copy = replace(tables, columns=dict(tables.columns))
    moved = []
    try:
        for table, query in queries.items():
            connection.execute(f"ALTER TABLE {table} RENAME TO {aside}_{table}")
            moved.append(table)
            marked = _MARKED.format(source=f"{aside}_{table}")
            connection.execute(f"CREATE TABLE {table} AS {marked} SELECT * FROM ({query})")
            described = connection.sql(f"DESCRIBE {table}").fetchall()
            copy.columns[table] = frozenset(row[0] for row in described)
        yield copy
    finally:
        for table in moved:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute(f"ALTER TABLE {aside}_{table} RENAME TO {table}")


@contextmanager
def altered_copy(
    tables: Tables,
    alter: Callable[[Subject], Altered | None],
    *,
    only: frozenset[str],
    as_of: datetime,
    seed: int,
    aside: str,
    may_be_known_late: bool,
) -> Iterator[tuple[Tables, Mapping[str, int]]]:
    """Open tables of which some are altered, and how many rows of each were touched.

    Parameters
    ----------
    tables : the tables to start from.
    alter : what to do to a table.
    only : the tables to do it to.
    as_of : the instant of the audit.
    seed : equal seeds give equal rows.
    aside : what the names of the originals begin with meanwhile; nothing else may.
    may_be_known_late : whether a table without ``known_at`` may be given one.
    """
    queries, touched = {}, {}
    for table in sorted(only & set(tables.columns)):
        columns = frozenset(tables.columns[table])
        subject = Subject(
            table=table,
            columns=columns,
            as_of=as_of,
            seed=seed,
            may_be_known_late=may_be_known_late,
        )
        altered = alter(subject)
        touched[table] = 0 if altered is None else _count(tables, table, altered)
        if altered is not None and touched[table]:
            queries[table] = altered.rows
    with replaced_copy(tables, queries, aside=aside) as copy:
        yield copy, touched


def _count(tables: Tables, table: str, altered: Altered) -> int:
    counted = tables.connection.sql(
        f"{_MARKED.format(source=table)} SELECT count(*) FROM marked WHERE {altered.touched}"
    ).fetchall()[0][0]
    return int(counted) if altered.most is None else min(int(counted), altered.most)
