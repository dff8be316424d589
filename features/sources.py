"""Open the tables that a project file names, checked and typed.

Nothing is computed here. What comes out is described in ``features.tables``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from ebbtide.contracts.check import check_table
from ebbtide.contracts.ends import check_ends
from ebbtide.contracts.findings import Finding, raise_if_errors
from ebbtide.contracts.header import hint_at_columns
from ebbtide.contracts.tables import table_contract
from ebbtide.contracts.together import check_together
from ebbtide.errors import ContractError, SettingsError
from features.repeated_columns import repeated_columns, repeated_findings
from features.source_query import local_files, names_in_files, renamed_query, source_query
from features.tables import Tables, connect, load_relation
from features.uneven_files import mismatch_trouble, uneven_trouble
from features.unreadable import hidden_trouble, visible_trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ebbtide.project import Project, TableSource
    from features.unreadable import Trouble


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
        If any table cannot be read or breaks its contract; every error is named at once.
    """
    connection = connect(project.project.time_zone)
    tables = Tables(
        connection=connection,
        columns={},
        time_zone=project.project.time_zone,
        log_table=project.definition.log_table,
    )
    findings, _ = check_sources(connection, project, now=now, progress=progress)
    tables.findings += findings
    raise_if_errors(tables.findings)
    for name in project.tables:
        try:
            tables.columns[name] = load_relation(connection, name)
        except duckdb.OutOfMemoryException as err:
            raise TooLarge(name) from err
    return tables


def check_sources(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Finding], list[str]]:
    """Check every table of a project; return all findings, and the names of the readable tables.

    A table that can be read is left behind as the view ``raw_<name>``, whatever is wrong with it.

    Parameters
    ----------
    connection : where the views are made.
    project : names the tables.
    now : the present; later rows are errors.
    progress : called with the name of each table before it is read.

    Raises
    ------
    SettingsError
        If the project has a snapshot table instead.
    """
    if project.snapshot_table is not None:
        raise SettingsError(
            "This needs tables of events, and the project has a [snapshot_table], whose columns "
            "the company computed itself. With it there are: check-data, contract, train, models, "
            "promote, rollback, score and serve."
        )
    findings: list[Finding] = []
    readable: list[str] = []
    for name, source in project.tables.items():
        if progress is not None:
            progress(name)
        try:
            findings += _check(connection, project, name, source, now)
            readable.append(name)
        except _Unreadable as err:
            findings.append(err.finding)
    relations = {name: f"raw_{name}" for name in readable}
    definition = project.definition
    findings += check_together(connection, relations, log_table=definition.log_table)
    findings += check_ends(connection, relations, definition)
    return findings, readable


class _Unreadable(ContractError):
    """A table that cannot be read at all; the other tables are still to be looked at."""

    def __init__(self, name: str, message: str, advice: str) -> None:
        self.finding = Finding(severity="error", table=name, message=message, advice=advice)
        super().__init__(f"{name}: {message} {advice}")


class TooLarge(_Unreadable):
    """A table for which neither memory nor disk is enough."""

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            "is larger than the memory and disk that DuckDB may use for it.",
            "Free disk space in the working directory (it keeps what memory cannot hold in .tmp "
            "there), or read fewer columns or years by a query.",
        )


def _check(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    name: str,
    source: TableSource,
    now: datetime,
) -> list[Finding]:
    query = source_query(connection, project, name, source)
    pattern = local_files(project, name, source)
    _require_none(name, source, None if pattern is None else _trouble_before(pattern, name, source))
    try:
        _check_mapping(connection, query, name, source)
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW raw_{name} AS {renamed_query(query, source)}"
        )
        findings = [] if pattern is None else _repeated(pattern, name, source)
        findings += check_table(connection, f"raw_{name}", table_contract(name), now=now)
    except duckdb.OutOfMemoryException as err:
        raise TooLarge(name) from err
    except duckdb.Error as err:
        trouble = None if pattern is None else _trouble_after(pattern, name, source)
        _require_none(name, source, trouble, err)
        what = str(err).splitlines()[0].split(":")[0]
        raise _Unreadable(
            name,
            f"cannot be read {_place(source)} ({what}): expected CSV, Parquet or a query "
            f"that returns {', '.join(table_contract(name).required)}.",
            f"Check tables.{name} in the project file, and that the file is "
            f"complete.{_first_line(err)}",
        ) from err
    # Where lines do not agree on their commas, DuckDB takes each line for one value.
    if pattern is not None and len(connection.sql(f"DESCRIBE raw_{name}").fetchall()) == 1:
        _require_none(name, source, hidden_trouble(pattern))
    return findings


def _trouble_before(pattern: str, name: str, source: TableSource) -> Trouble | None:
    return visible_trouble(pattern) or uneven_trouble(pattern, names_in_files(name, source))


def _trouble_after(pattern: str, name: str, source: TableSource) -> Trouble | None:
    return hidden_trouble(pattern) or mismatch_trouble(pattern, names_in_files(name, source))


def _require_none(
    name: str, source: TableSource, trouble: Trouble | None, err: Exception | None = None
) -> None:
    if trouble is not None:
        came = f"cannot be read {_place(source)}: {trouble.came}."
        raise _Unreadable(name, came, trouble.advice) from err


def _repeated(pattern: str, name: str, source: TableSource) -> list[Finding]:
    return repeated_findings(
        table_contract(name), repeated_columns(pattern), mapped=source.columns.values()
    )


def _place(source: TableSource) -> str:
    return "by its query" if source.path is None else f"from {source.path!r}"


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
        raise _Unreadable(
            name,
            f"tables.{name}.columns names columns that {source.path!r} does not have: "
            f"{'. '.join(problems)}.",
            "Correct the names in the project file.",
        )
