"""Open the tables that a project file names with Spark, checked and typed as locally.

The rules are those of ``ebbtide.contracts``; only rows that are repeated exactly are not counted,
which would compare all rows with all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import duckdb

from ebbtide.contracts.check import check_rows
from ebbtide.contracts.ends import check_ends
from ebbtide.contracts.findings import Finding, raise_if_errors
from ebbtide.contracts.header import hint_at_columns
from ebbtide.contracts.tables import table_contract, typed_sql
from ebbtide.contracts.together import check_together
from ebbtide.errors import SettingsError
from features.source_query import (
    WAREHOUSE,
    names_in_files,
    source_path,
    source_query,
)
from features.spark.connection import SparkConnection
from features.spark.files import read_place
from features.spark.queries import on_spark, query_frame
from features.spark.session import what_spark_says
from features.tables import Tables
from features.uneven_files import uneven_trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

    from ebbtide.project import Project, TableSource


def open_spark_tables(
    project: Project,
    session: SparkSession,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> Tables:
    """Check every table of a project and make it a view of Spark's.

    Parameters
    ----------
    project : names the tables.
    session : reads them.
    now : the present; later rows are errors.
    progress : called with the name of each table before it is read.

    Raises
    ------
    ContractError
        If any table cannot be read or breaks its contract; every error is named at once.
    SettingsError
        If a query has something that is not known to do the same on Spark, or the project has a
        snapshot table.
    """
    if project.snapshot_table is not None:
        raise SettingsError(
            "The Spark engine computes features from tables of events, and the project has a "
            "[snapshot_table], whose columns the company computed itself. Use --engine local."
        )
    spark = SparkConnection(session, project.project.time_zone)
    connection = cast("DuckDBPyConnection", spark)  # it has what is used of one
    definition = project.definition
    tables = Tables(
        connection=connection,
        columns={},
        time_zone=project.project.time_zone,
        log_table=definition.log_table,
    )
    readable = []
    for name, source in project.tables.items():
        if progress is not None:
            progress(name)
        found = _check(spark, connection, project, name, source, now)
        tables.findings += found
        if not any(finding.severity == "error" for finding in found):
            readable.append(name)
    relations = {name: f"raw_{name}" for name in readable}
    tables.findings += check_together(connection, relations, log_table=definition.log_table)
    tables.findings += check_ends(connection, relations, definition)
    raise_if_errors(tables.findings)
    for name in readable:
        tables.columns[name] = type_view(spark, name)
    return tables


def type_view(spark: SparkConnection, name: str) -> frozenset[str]:
    """Type the view ``raw_<name>`` into the view ``<name>`` and return the columns it has."""
    present = set(spark.session.table(f"raw_{name}").columns)
    kept = [column for column in table_contract(name).columns if column.name in present]
    selected = ", ".join(f'{typed_sql(column)} AS "{column.name}"' for column in kept)
    spark.execute(f"CREATE VIEW {name} AS SELECT {selected} FROM raw_{name}")
    return frozenset(column.name for column in kept)


def _check(
    spark: SparkConnection,
    connection: DuckDBPyConnection,
    project: Project,
    name: str,
    source: TableSource,
    now: datetime,
) -> list[Finding]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    uneven = _uneven(project, name, source)
    if uneven is not None:
        return [uneven]
    try:
        frame = _raw(spark, project, name, source)
        unknown = _unknown_columns(frame, name, source)
        if unknown is not None:
            return [unknown]
        _renamed(frame, source).createOrReplaceTempView(f"raw_{name}")
        return check_rows(connection, f"raw_{name}", table_contract(name), now=now)
    except (PySparkException, Py4JError) as err:
        return [_unreadable(name, source, err)]


def _raw(spark: SparkConnection, project: Project, name: str, source: TableSource) -> DataFrame:
    """Return the rows of a source as it gives them."""
    if source.path is not None:
        return read_place(spark.session, on_spark(source_path(project, name, source)))
    with duckdb.connect() as parser:
        query = source_query(parser, project, name, source)
    return query_frame(spark, query, table=name)


def _uneven(project: Project, name: str, source: TableSource) -> Finding | None:
    """Return which file lacks columns that others have, of the files that are seen from here."""
    full = "" if source.path is None else source_path(project, name, source)
    if not full or "://" in full or full.startswith(WAREHOUSE):
        return None
    trouble = uneven_trouble(full, names_in_files(name, source))
    if trouble is None:
        return None
    return Finding(
        severity="error",
        table=name,
        message=f"cannot be read from {source.path!r}: {trouble.came}.",
        advice="Let each of its files begin with the same columns in the same order.",
    )


def _unknown_columns(frame: DataFrame, name: str, source: TableSource) -> Finding | None:
    known = {column.casefold() for column in frame.columns}
    problems = [
        f"{ours} = {theirs!r}; {hint_at_columns(theirs, frame.columns)}"
        for ours, theirs in source.columns.items()
        if theirs.casefold() not in known
    ]
    if not problems:
        return None
    return Finding(
        severity="error",
        table=name,
        message=f"tables.{name}.columns names columns that {source.path!r} does not have: "
        f"{'. '.join(problems)}.",
        advice="Correct the names in the project file.",
    )


def _renamed(frame: DataFrame, source: TableSource) -> DataFrame:
    if not source.columns:
        return frame
    taken = {theirs.casefold() for theirs in source.columns.values()}
    kept = [column for column in frame.columns if column.casefold() not in taken]
    renamed = [frame[_quoted(theirs)].alias(ours) for ours, theirs in source.columns.items()]
    return frame.select(*renamed, *(frame[_quoted(column)] for column in kept))


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def _unreadable(name: str, source: TableSource, err: Exception) -> Finding:
    place = "by its query" if source.path is None else f"from {source.path!r}"
    return Finding(
        severity="error",
        table=name,
        message=f"cannot be read {place} with Spark ({what_spark_says(err)}).",
        advice="Check that the executors see the files (a path without a scheme is of each "
        "machine), that CSV lines agree on their values and CSV files on the order of their "
        "columns, and that Parquet has no nanoseconds. Or use --engine local.",
    )
