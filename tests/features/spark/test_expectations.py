"""The buying model fitted from Spark is the one fitted here, to the bit, thinned or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ebbtide.definition import ChurnDefinition
from features.btyd import parameters
from features.catalogue.buy_till_you_die import FITTED_FROM
from features.catalogue.catalogue import features_named
from features.snapshot import SnapshotBuilder
from features.spark.expectations import spark_fit
from features.spark.snapshot import spark_snapshot
from rich_world import AS_OF, opened, opened_on_spark, world

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
TABLES = {"transactions": world()["transactions"]}


@pytest.fixture(scope="module")
def customers(spark: SparkSession) -> DataFrame:
    return spark_snapshot(
        opened_on_spark(spark, TABLES),
        as_of=AS_OF,
        features=FITTED_FROM,
        lookback_days=365,
        definition=DEFINITION,
    ).persist()


@pytest.mark.parametrize("most", [20_000, 60], ids=["all-histories", "every-kth"])
def test_the_fit_is_the_local_one(
    customers: DataFrame, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "MOST_HISTORIES", most)
    local = SnapshotBuilder.of(
        opened(TABLES),
        features=features_named(["btyd_p_none"]),
        lookback_days=365,
        definition=DEFINITION,
    ).fit(AS_OF)
    assert local is not None
    assert spark_fit(customers, most=most) == local


def test_too_few_customers_have_no_model(customers: DataFrame) -> None:
    assert spark_fit(customers.limit(20)) is None
