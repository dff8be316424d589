"""Write what Spark computed: one file on this machine, or a folder of many anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.console import write_table
from ebbtide.errors import SettingsError
from features.engine import is_for_spark, local_table_path
from features.spark.queries import on_spark
from features.spark.snapshot import collected

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from ebbtide.project import Project


def require_place(session: SparkSession, out: str, project: Project) -> None:
    """Return if rows can be written to a place; called before long work begins.

    Parameters
    ----------
    session : knows the file systems.
    out : a ``.parquet`` or ``.csv`` file of this machine, else a folder, of any scheme.
    project : whose own tables must not be overwritten.

    Raises
    ------
    SettingsError
        If there is something at the place already that is no file, or the project reads it.
    """
    if not is_for_spark(out):
        local_table_path(out, project)
        return
    jvm = session.sparkContext._jvm
    assert jvm is not None, "a running session has a JVM"
    place = jvm.org.apache.hadoop.fs.Path(_folder(out))
    files = place.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())
    if files.exists(place):
        raise SettingsError(
            f"There is something at --out {out!r} already, and a folder of many files is not "
            f"replaced half by half. Choose another name, or remove it."
        )


def write_frame(frame: DataFrame, out: str) -> int:
    """Write rows and return how many; on this machine ordered by customer, elsewhere in no order.

    Parameters
    ----------
    frame : with ``customer_id``.
    out : as in :func:`require_place`. A folder gets Parquet, or CSV where its name ends in
        ``.csv``; it appears with the file ``_SUCCESS`` once it is complete.
    """
    if not is_for_spark(out):
        table = collected(frame)
        if table.num_rows:
            write_table(table, Path(out))
        return int(table.num_rows)
    folder = _folder(out)
    if out.endswith(".csv"):
        frame.write.option("header", "true").csv(folder)
        return int(frame.sparkSession.read.option("header", "true").csv(folder).count())
    frame.write.parquet(folder)
    return int(frame.sparkSession.read.parquet(folder).count())


def _folder(out: str) -> str:
    return on_spark(out if "://" in out else str(Path(out).absolute()))
