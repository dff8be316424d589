"""Run the query of a project file on Spark: its files become views, the rest is translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ebbtide.errors import SettingsError
from features.source_query import WAREHOUSE
from features.spark.files import is_place, read_place
from features.spark.translation import parsed, translated

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from features.spark.connection import SparkConnection


def query_frame(connection: SparkConnection, query: str, *, table: str) -> DataFrame:
    """Return the rows of a query in DuckDB's SQL.

    A name that is no file is a table of the warehouse.

    Parameters
    ----------
    connection : runs it.
    query : one SELECT over files, with its variables filled in.
    table : name of the table that it feeds.

    Raises
    ------
    SettingsError
        If it has something that is not known to do the same on Spark.
    """
    tree = parsed(query)
    translated(tree)  # what is refused is refused before anything is read
    where = f"tables.{table}.query"
    for number, source in enumerate(list(tree.find_all(exp.Table))):
        places, delimiter = _places(source, where)
        if not places:
            continue
        frames = [read_place(connection.session, on_spark(p), delimiter=delimiter) for p in places]
        together = frames[0]
        for frame in frames[1:]:
            together = together.union(frame)
        view = f"file_{number}_of_{table}"
        together.createOrReplaceTempView(view)
        source.set("this", exp.to_identifier(view))
    return connection.frame(tree)


def on_spark(path: str) -> str:
    """Return a path so that Spark finds it, too: without a scheme it is of this machine.

    Examples
    --------
    >>> on_spark("/data/a.parquet"), on_spark("s3://shop/a.parquet")
    ('file:///data/a.parquet', 's3a://shop/a.parquet')
    """
    if path.startswith("s3://"):
        return path.replace("s3://", "s3a://", 1)
    return path if "://" in path or path.startswith(WAREHOUSE) else f"file://{path}"


def _places(source: exp.Table, where: str) -> tuple[list[str], str | None]:
    """Return the files that a table of a query names, and their delimiter."""
    reads = source.this
    if isinstance(reads, exp.ReadParquet):
        named, *options = reads.expressions
        _require_options(options, {}, where)
        return _texts(named, where), None
    if isinstance(reads, exp.ReadCSV):
        given = _require_options(reads.expressions, _CSV_OPTIONS, where)
        if given.get("all_varchar") != "true":
            raise SettingsError(
                f"{where} lets DuckDB guess the types of a CSV file, and Spark would guess others. "
                f"Write read_csv(..., all_varchar = true) and cast what is no text."
            )
        return _texts(reads.this, where), given.get("delim", given.get("sep"))
    if isinstance(reads, exp.Identifier):
        return ([reads.name], None) if is_place(reads.name) else ([], None)
    raise SettingsError(
        f"{where} reads with a function that Spark does not have. Expected read_parquet or "
        f"read_csv, or a table of the warehouse; or use --engine local."
    )


_CSV_OPTIONS = {"all_varchar": {"true"}, "header": {"true"}, "delim": None, "sep": None}


def _require_options(
    options: list[exp.Expr], known: dict[str, set[str] | None], where: str
) -> dict[str, str]:
    given = {}
    for option in options:
        name, value = option.this.name.lower(), option.expression
        text = value.name if value.is_string else value.sql().lower()
        choices = known.get(name, set())
        if choices is not None and text not in choices:
            raise SettingsError(
                f"{where} reads with the option {name!r}, which is not known on Spark. "
                f"Leave it out, or use --engine local."
            )
        given[name] = text
    return given


def _texts(named: exp.Expr, where: str) -> list[str]:
    parts = named.expressions if isinstance(named, exp.Array) else [named]
    if not parts or not all(part.is_string for part in parts):
        raise SettingsError(f"{where} computes the name of a file. Expected it as plain text.")
    return [part.this for part in parts]
