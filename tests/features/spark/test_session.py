"""Spark is started with SQL that means what DuckDB's means; what is missing is said."""

from __future__ import annotations

import importlib.util
import shutil
from typing import TYPE_CHECKING

import pytest

from ebbtide.errors import SettingsError
from features.spark import session
from features.spark.session import require_spark, spark_conf, spark_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install --editable '\.\[spark\]'.*Java 17"):
        require_spark()


def test_without_java_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: importlib.util.find_spec("json"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SettingsError, match="openjdk-17-jre-headless"):
        require_spark()


def test_settings_come_from_the_environment_and_options_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EBBTIDE_SPARK_CONF", "spark.a=1\n\nspark.b = x=y\n")
    assert spark_conf(["spark.a=2"]) == {"spark.a": "2", "spark.b": "x=y"}


@pytest.mark.parametrize("text", ["spark.a", "executor.memory=8g", "=8g"])
def test_what_is_no_setting_is_refused_and_its_value_kept_quiet(text: str) -> None:
    with pytest.raises(SettingsError, match=r"spark\.NAME=VALUE") as raised:
        spark_conf([text])
    assert "8g" not in str(raised.value)


def test_no_setting_may_change_what_sql_means(spark: SparkSession) -> None:
    with (
        pytest.raises(SettingsError, match=r"spark\.sql\.session\.timeZone cannot be set"),
        spark_session("local[2]", {"spark.sql.session.timeZone": "Asia/Tokyo"}),
    ):
        pass


def test_a_running_session_is_told_what_sql_means_and_left_running(spark: SparkSession) -> None:
    spark.conf.set("spark.sql.ansi.enabled", "false")
    with spark_session() as opened:
        assert opened.conf.get("spark.sql.ansi.enabled") == "true"
        assert opened.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.sql("SELECT 1").collect()[0][0] == 1


def test_what_spark_gives_up_on_is_told_without_a_value_of_the_data(spark: SparkSession) -> None:
    with pytest.raises(SettingsError, match=r"CAST_INVALID_INPUT") as raised, spark_session() as s:
        s.sql("SELECT CAST(name AS INT) FROM VALUES ('Ada') AS people(name)").collect()
    assert "Ada" not in str(raised.value)
