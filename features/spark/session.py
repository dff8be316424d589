"""Start Spark as the engine needs it, or say what is missing.

pyspark is an extra of the package and is imported here only, when a session is asked for.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import SparkSession

CONF_VARIABLE = "EBBTIDE_SPARK_CONF"

SEMANTICS = {
    # Instants are UTC wherever a session runs, and text without an offset is not read by its clock.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    # What does not fit raises, as in DuckDB, instead of turning null.
    "spark.sql.ansi.enabled": "true",
    # Products of decimals keep their four decimals and give up leading digits.
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.caseSensitive": "false",
}
"""What Spark is told about SQL. Results are equal to DuckDB's with these values only."""

_QUIET = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.log.level": "ERROR",
}


@contextmanager
def spark_session(
    master: str | None = None, conf: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """Open a Spark session; stop it at the end if it was started here.

    Parameters
    ----------
    master : master URL, such as ``local[2]``, ``spark://host:7077``, ``yarn`` or ``k8s://...``;
        None is what ``spark-submit`` or ``spark-defaults.conf`` says, else all cores of this
        machine.
    conf : further settings of Spark; they may not change what SQL means.

    Raises
    ------
    SettingsError
        If pyspark or Java is missing, a setting would change results, Spark does not start, or it
        gives up.
    """
    require_spark()
    _require_semantics(conf or {})
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("ebbtide")
    if master is not None:
        builder = builder.master(master)
    for name, value in {**_QUIET, **(conf or {}), **SEMANTICS}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError, OSError) as err:
        raise SettingsError(_does_not_start(master, err)) from err
    context = session.sparkContext
    context.setLogLevel("ERROR")
    if str(context.master).startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = sys.executable
    try:
        yield session
    except (PySparkException, Py4JError) as err:
        raise SettingsError(
            f"Spark gave up ({what_spark_says(err)}). Look into its log for the task that failed. "
            f"Executors need the memory for it, the files, and for scores a Python with Ebbtide."
        ) from err
    finally:
        if running is None:
            session.stop()


def what_spark_says(err: Exception) -> str:
    """Return the name of a Spark error; its message may quote a value of the data."""
    name = getattr(err, "getCondition", lambda: None)()
    return str(name or type(err).__name__)


def require_spark() -> None:
    """Return if pyspark and Java are installed.

    Raises
    ------
    SettingsError
        If either is missing.
    """
    if find_spec("pyspark") is None:
        raise SettingsError(
            "The Spark engine needs pyspark, which is not installed. In the checkout run: "
            ".venv/bin/python -m pip install --editable '.[spark]'. It also needs Java 17."
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise SettingsError(
            "The Spark engine needs Java, and there is no java on the PATH or under JAVA_HOME. "
            "Install Java 17, for example: apt-get install openjdk-17-jre-headless"
        )


def spark_conf(given: Sequence[str] = ()) -> dict[str, str]:
    """Return settings of Spark from ``key=value`` texts, added to those of the environment.

    Parameters
    ----------
    given : settings; they win over those of ``EBBTIDE_SPARK_CONF``, which are one a line.

    Raises
    ------
    SettingsError
        If one is not of that form, or does not begin with ``spark.``.

    Examples
    --------
    >>> spark_conf(["spark.executor.memory=8g"])
    {'spark.executor.memory': '8g'}
    """
    found = {}
    for text in (*os.environ.get(CONF_VARIABLE, "").splitlines(), *given):
        if not text.strip():
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().startswith("spark."):
            # A value may be a password, so that only its name is repeated.
            raise SettingsError(
                f"Expected settings of Spark as spark.NAME=VALUE, got {name.strip()!r} "
                f"{'without' if not equals else 'before'} '='. "
                f"Correct --spark-conf or {CONF_VARIABLE}."
            )
        found[name.strip()] = value.strip()
    return found


def _require_semantics(conf: Mapping[str, str]) -> None:
    changed = [name for name in sorted(conf) if conf[name] != SEMANTICS.get(name, conf[name])]
    if changed:
        raise SettingsError(
            f"{', '.join(changed)} cannot be set: features would come out differently on Spark. "
            f"Leave it out."
        )


def _does_not_start(master: str | None, err: Exception) -> str:
    said = (str(err).strip().splitlines() or [""])[0][:200]
    return (
        f"Spark does not start with master {master or 'of its settings'!r}: {said} Check --master, "
        f"--spark-conf, and that Java 17 is the java that is found first."
    )
