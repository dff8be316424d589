"""What every test may ask for: the real data, Spark, and hypothesis without a clock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


class DataFolder:
    """The folder of real data sets; asking for a file that is absent skips the test.

    On a build machine whose folder exists an absent file fails instead, so that nothing is
    skipped there unnoticed.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def __truediv__(self, name: str) -> Path:
        if self.folder is None:
            pytest.skip(f"needs {name}: set EBBTIDE_DATA_DIR to the folder that holds it")
        path = self.folder / name
        if not path.exists():
            missing = f"there is no {name} in the data folder {str(self.folder)!r}"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        return path


def _data_folder() -> Path | None:
    named = os.environ.get("EBBTIDE_DATA_DIR")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder.resolve() if folder.is_dir() else None


@pytest.fixture(scope="session")
def data_dir() -> DataFolder:
    """Where the real data sets are; ``data_dir / "cdnow_master.parquet"`` is a path or a skip."""
    return DataFolder(_data_folder())


@pytest.fixture
def shop_env(data_dir: DataFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``EBBTIDE_DATA_DIR`` set to the real data, as the example project files expect it."""
    folder = (data_dir / "online_retail_II.parquet").parent
    monkeypatch.setenv("EBBTIDE_DATA_DIR", str(folder))
    return folder


_SPARK_CONF = {
    "spark.ui.enabled": "false",
    # To compile takes longer than to compute such small tables; one test compiles.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.memory": "2g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A Spark session on two cores; where Java is missing, a skip, or on a build machine a fail."""
    from features.spark.session import require_spark, spark_session

    try:
        require_spark()
    except SettingsError as err:
        pytest.fail(str(err)) if os.environ.get("CI") else pytest.skip(str(err))
    with spark_session("local[2]", _SPARK_CONF) as session:
        yield session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of Spark in one process, and let Spark forget its sockets unclosed."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("spark"))
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))
