"""The SQL that reads one table of a project file: a reader of its files, or the query it gives.

A query must name its files in full. DuckDB would look for ``cases.csv`` in the working directory,
and so read another file when started elsewhere.
"""

from __future__ import annotations

import glob
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ebbtide.contracts.tables import table_contract
from ebbtide.errors import SettingsError
from ebbtide.project_variables import expand_query, expand_variables
from features.tables import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from ebbtide.project import Project, TableSource

WAREHOUSE = "table:"
"""What a path begins with that names a table of a warehouse; Spark reads it."""

_READS_FILES = re.compile(r"read_\w+|parquet_\w+|\w+_scan|sniff_csv|glob|st_read\w*|query_table")
_SCHEMAS = {"main", "temp", "memory", "system", "information_schema", "pg_catalog"}


def source_query(
    connection: DuckDBPyConnection, project: Project, name: str, source: TableSource
) -> str:
    """Return the query for a table as its source gives it, before columns are renamed.

    Parameters
    ----------
    connection : parses the query; nothing is read.
    project : says which folder relative paths start from.
    name : name of the table.
    source : where it is.

    Raises
    ------
    SettingsError
        If a variable is not set, or a query is not one SELECT, or names a file that depends on the
        working directory.
    """
    if source.query is not None:
        where = f"tables.{name}.query"
        query = expand_query(source.query, where=where, project_dir=project.base)
        query = query.strip().rstrip(";")
        _require_one_select(connection, query, where)
        _require_full_names(connection, query, where)
        return query
    full = _full_path(project, name, source)
    literal = quoted(full)
    reader = (
        f"read_parquet({literal})"
        if full.endswith((".parquet", ".pq"))
        else f"read_csv({literal}, all_varchar = true, header = true)"
    )
    return f"SELECT * FROM {reader}"


def local_files(project: Project, name: str, source: TableSource) -> str | None:
    """Return the path or glob of a table's own files; None for a query or files elsewhere."""
    if source.path is None:
        return None
    full = _full_path(project, name, source)
    return None if "://" in full else full


def names_in_files(name: str, source: TableSource) -> list[str]:
    """Return the columns of a table's contract under the names that they have in its files."""
    return [source.columns.get(column, column) for column in table_contract(name).names]


def source_path(project: Project, name: str, source: TableSource) -> str:
    """Return the path of a source in full; one of a table of a warehouse, ``table:NAME``, as it is.

    Raises
    ------
    SettingsError
        If a variable is not set.
    """
    assert source.path is not None
    where = f"tables.{name}.path"
    path = expand_variables(source.path, where=where, project_dir=project.base)
    if "://" in path or path.startswith(WAREHOUSE):
        return path
    return str(Path(glob.escape(str(project.base))) / path)


def _full_path(project: Project, name: str, source: TableSource) -> str:
    path = source_path(project, name, source)
    if path.startswith(WAREHOUSE):
        raise SettingsError(
            f"tables.{name}.path names a table of a warehouse, {path!r}, which only Spark reads: "
            f"use --engine spark, or export it to Parquet."
        )
    return path


def renamed_query(query: str, source: TableSource) -> str:
    """Return a query with the columns of a source under the names of the contract."""
    if not source.columns:
        return query
    names = {ours: '"' + theirs.replace('"', '""') + '"' for ours, theirs in source.columns.items()}
    renamed = ", ".join(f'{theirs} AS "{ours}"' for ours, theirs in names.items())
    taken = ", ".join(dict.fromkeys(names.values()))
    return f"SELECT {renamed}, * EXCLUDE ({taken}) FROM ({query})"


def _require_one_select(connection: DuckDBPyConnection, query: str, where: str) -> None:
    """Refuse what would do more than read, such as a COPY behind the query."""
    try:
        kinds = [statement.type.name for statement in connection.extract_statements(query)]
    except duckdb.ParserException:
        # A query of the user's is run alone, never within another one, where a parenthesis could
        # let in more: whoever runs it says what is wrong with it, beside what other tables lack.
        return
    if kinds == ["SELECT"]:
        return
    came = f"{len(kinds)} statements" if len(kinds) != 1 else f"a statement of kind {kinds[0]}"
    raise SettingsError(
        f"{where}: expected one query that begins with SELECT, WITH or FROM, got {came}. Keep the "
        f"query that returns the rows of the table."
    )


def _require_full_names(connection: DuckDBPyConnection, query: str, where: str) -> None:
    written = connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchall()[0][0]
    for file in _files_named(json.loads(written)):
        if file is None:
            raise SettingsError(
                f"{where} computes the name of a file. Expected each file as plain text, such as "
                f"'${{PROJECT_DIR}}/cases.csv'."
            )
        if "://" not in file and not Path(file).is_absolute():
            raise SettingsError(
                f"{where} names the file {file!r}, which depends on the folder that Ebbtide is "
                f"started from. Write '${{PROJECT_DIR}}/{file}', where PROJECT_DIR stands for the "
                f"folder of the project file, or the whole path."
            )


def _files_named(node: Any) -> Iterator[str | None]:
    """Name every file in a parsed query; None stands for a name that is not plain text."""
    if isinstance(node, list):
        for part in node:
            yield from _files_named(part)
    if not isinstance(node, dict):
        return
    if node.get("type") == "TABLE_FUNCTION":
        yield from _files_of_function(node["function"])
    if node.get("type") == "BASE_TABLE":
        parts = [node[key] for key in ("catalog_name", "schema_name", "table_name") if node[key]]
        if parts[0] not in _SCHEMAS and re.search(r"[./\\*?]", ".".join(parts)):
            yield ".".join(parts)
    for part in node.values():
        yield from _files_named(part)


def _files_of_function(function: dict[str, Any]) -> Iterator[str | None]:
    name = str(function["function_name"]).lower()
    arguments = _arguments(function)
    if name == "query":
        yield None
    elif _READS_FILES.fullmatch(name) and arguments:
        yield from _texts(arguments[0])


def _texts(argument: dict[str, Any]) -> Iterator[str | None]:
    if argument.get("class") == "FUNCTION" and argument["function_name"] == "list_value":
        for part in _arguments(argument):
            yield from _texts(part)
        return
    held = argument.get("literal") or argument.get("value")
    text = (held.get("text") or held.get("value")) if isinstance(held, dict) else None
    yield text if isinstance(text, str) else None


def _arguments(function: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of a function as DuckDB 2 or 1 writes them."""
    if "arguments" in function:
        return [argument["expression"] for argument in function["arguments"]]
    return list(function["children"])
