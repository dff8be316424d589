"""Open the tables that a project file names, checked and typed.

Nothing is computed here. What comes out is described in ``features.tables``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from ebbtide.contracts.check import check_table
from ebbtide.contracts.findings import raise_if_errors
from ebbtide.contracts.header import hint_at_columns
from ebbtide.contracts.tables import table_contract
from ebbtide.contracts.together import check_together
from ebbtide.errors import ContractError
from features.source_query import renamed_query, source_query
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ebbtide.contracts.findings import Finding
    from ebbtide.project import Project, TableSource


def check_tables(
    project: Project, *, now: datetime, progress: Callable[[str], None] | None = None
) -> list[Finding]:
    """Check every table of a project and return all findings.

    Parameters
    ----------
    project : names the tables.
    now : the present; later rows are errors.
    progress : called with the name of each table before it is read.
    """
    return _checked(connect(project.project.time_zone), project, now, progress)


def open_tables(
    project: Project, *, now: datetime, progress: Callable[[str], None] | None = None
) -> Tables:
    """Check and load every table of a project.

    Parameters
    ----------
    project : names the tables.
    now : the present; later rows are errors.
    progress : called with the name of each table before it is read.

    Raises
    ------
    ContractError
        If any table breaks its contract; every error is named at once.
    """
    connection = connect(project.project.time_zone)
    tables = Tables(connection=connection, columns={}, time_zone=project.project.time_zone)
    tables.findings += _checked(connection, project, now, progress)
    raise_if_errors(tables.findings)
    for name in project.tables:
        tables.columns[name] = load_relation(connection, name)
    return tables


def _checked(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    now: datetime,
    progress: Callable[[str], None] | None,
) -> list[Finding]:
    findings: list[Finding] = []
    for name, source in project.tables.items():
        if progress is not None:
            progress(name)
        findings += _check(connection, project, name, source, now)
    return findings + check_together(connection, {name: f"raw_{name}" for name in project.tables})


def _check(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    name: str,
    source: TableSource,
    now: datetime,
) -> list[Finding]:
    query = source_query(connection, project, name, source)
    try:
        _check_mapping(connection, query, name, source)
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW raw_{name} AS {renamed_query(query, source)}"
        )
        return check_table(connection, f"raw_{name}", table_contract(name), now=now)
    except duckdb.Error as err:
        what = str(err).splitlines()[0].split(":")[0]
        place = "by its query" if source.path is None else f"from {source.path!r}"
        raise ContractError(
            f"Table {name!r} cannot be read {place} ({what}): expected CSV, Parquet or a query "
            f"that returns {', '.join(table_contract(name).required)}. Check tables.{name} in the "
            f"project file, and that the file is complete.{_first_line(err)}"
        ) from err


_NAMES_NO_VALUE = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.IOException,
    duckdb.ParserException,
)


def _first_line(err: duckdb.Error) -> str:
    """Keep what names a file, column or function; drop what may quote a value of the data."""
    return "\n" + str(err).splitlines()[0] if isinstance(err, _NAMES_NO_VALUE) else ""


def _check_mapping(
    connection: duckdb.DuckDBPyConnection, query: str, name: str, source: TableSource
) -> None:
    if not source.columns:
        return
    present = [row[0] for row in connection.sql(f"DESCRIBE {query}").fetchall()]
    known = {column.casefold() for column in present}
    problems = [
        f"{ours} = {theirs!r}; {hint_at_columns(theirs, present)}"
        for ours, theirs in source.columns.items()
        if theirs.casefold() not in known
    ]
    if problems:
        raise ContractError(
            f"tables.{name}.columns names columns that {source.path!r} does not have: "
            f"{'. '.join(problems)}. Correct the names in the project file."
        )
