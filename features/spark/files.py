"""Read a file, a folder of files or a table of the warehouse with Spark, as DuckDB would read it.

CSV is read as text throughout; what it means is for the contract of its table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ebbtide.errors import SettingsError
from features.source_query import WAREHOUSE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_CSV = re.compile(r"\.(csv|tsv|txt)(\.(gz|bz2|zst|zstd))?$")
_DELIMITERS = (",", ";", "\t", "|")


def read_place(session: SparkSession, place: str, *, delimiter: str | None = None) -> DataFrame:
    """Return the rows of a place, not yet read.

    Parameters
    ----------
    session : reads it.
    place : ``table:NAME`` for a table of the warehouse; else a path with any scheme that Spark
        knows, a glob, or a folder. What ends in ``.csv``, ``.tsv`` or ``.txt`` is CSV, all else
        Parquet.
    delimiter : of CSV; None finds out by the first line.

    Raises
    ------
    SettingsError
        If the path has ``**``, which Spark does not know.
    """
    if place.startswith(WAREHOUSE):
        return session.table(place.removeprefix(WAREHOUSE))
    if "**" in place:
        raise SettingsError(
            f"Spark knows no '**' in {place!r}. Name the folder itself, or use one '*' a level."
        )
    if _CSV.search(place.lower()):
        return _csv(session, place, delimiter)
    return session.read.parquet(place)


def is_place(name: str) -> bool:
    """Whether a name in a query means a file, and not a table."""
    return "/" in name or bool(_CSV.search(name.lower())) or name.endswith((".parquet", ".pq"))


def _csv(session: SparkSession, place: str, delimiter: str | None) -> DataFrame:
    if delimiter is None:
        header = session.read.text(place).first()
        line = "" if header is None else header[0]
        delimiter = max(_DELIMITERS, key=line.count)
    rows = (
        session.read.option("header", "true")
        .option("sep", delimiter)
        .option("quote", '"')
        .option("escape", '"')
        .option("multiLine", "true")
        # A line with too many or too few values is an error, and is seen only if all are parsed.
        .option("mode", "FAILFAST")
        .option("columnPruning", "false")
        # Otherwise the columns of later files are taken by their places, whatever they are called.
        .option("enforceSchema", "false")
        .csv(place)
    )
    texts = (f"nullif({_quoted(name)}, '') AS {_quoted(_bare(name))}" for name in rows.columns)
    return rows.selectExpr(*texts)


def _bare(name: str) -> str:
    return name.removeprefix("\ufeff")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
