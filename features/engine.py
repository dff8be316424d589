"""Where features are computed: the options that verbs share, and what a place to write is.

The engines are equal: on Spark and in DuckDB the same SQL runs that the arrays evaluate.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.console import require_table_path
from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from ebbtide.project import Project


class Engine(StrEnum):
    """What computes features."""

    local = "local"
    """Sorted arrays in this process; the fastest on one machine."""
    duckdb = "duckdb"
    """DuckDB in this process; what the others are held against."""
    spark = "spark"
    """Spark, on this machine or on a cluster."""


class ScoringEngine(StrEnum):
    """What computes features and scores."""

    local = "local"
    spark = "spark"


MasterOption = Annotated[
    str | None,
    typer.Option("--master", help="With --engine spark: master URL, such as local[2] or yarn."),
]
SparkConfOption = Annotated[
    list[str] | None,
    typer.Option("--spark-conf", help="With --engine spark: setting, key=value; repeatable."),
]


def require_no_spark_options(master: str | None, spark_conf: list[str] | None) -> None:
    """Return if no option was given that only Spark knows.

    Raises
    ------
    SettingsError
        If one was.
    """
    if master is not None or spark_conf:
        raise SettingsError("--master and --spark-conf go with --engine spark.")


def local_table_path(out: str, project: Project) -> Path:
    """Return the path of a file that this process is to write.

    Raises
    ------
    SettingsError
        If it is a folder or elsewhere, or the project reads it.
    """
    if is_for_spark(out):
        raise SettingsError(
            f"Expected --out to end in .parquet or .csv and to lie on this machine, got {out!r}. "
            f"Folders, and places such as s3a://, are written with --engine spark."
        )
    require_table_path(Path(out), project)
    return Path(out)


def is_for_spark(out: str) -> bool:
    """Whether a place is written by Spark itself, as a folder of many files.

    Examples
    --------
    >>> is_for_spark("features.parquet"), is_for_spark("features"), is_for_spark("s3a://b/f.csv")
    (False, True, True)
    """
    return "://" in out or Path(out).suffix not in (".parquet", ".csv")
