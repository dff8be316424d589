"""Build a snapshot on Spark: the same query as DuckDB's, translated."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from features.catalogue.buy_till_you_die import FITTED_FROM
from features.expectations import needs_expectations, with_expectations
from features.query import snapshot_sql
from features.spark.expectations import spark_fit
from features.spark.translation import parsed, translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from ebbtide.definition import ChurnDefinition
    from features.catalogue.feature import Feature
    from features.snapshot import Expectations
    from features.spark.connection import SparkConnection
    from features.tables import Tables


def spark_snapshot(
    tables: Tables,
    *,
    as_of: datetime,
    features: Sequence[Feature],
    lookback_days: int,
    definition: ChurnDefinition,
    expectations: Expectations = "fit",
) -> DataFrame:
    """Return the features of all customers who live at an instant, not yet computed.

    Parameters
    ----------
    tables : typed tables on Spark, from :func:`features.spark.sources.open_spark_tables`.
    as_of : aware instant, exclusive.
    features : which features.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    expectations : parameters of the buying model; ``fit`` fits them before the instant, None
        leaves the features null that need them.

    Returns
    -------
    pyspark.sql.DataFrame
        ``customer_id`` (string), ``as_of`` (timestamp) and a double for each feature, null where
        it is missing; in no order.
    """
    session = session_of(tables)

    def frame(wanted: Sequence[Feature]) -> DataFrame:
        query = snapshot_sql(
            wanted, tables.columns, as_of=as_of, lookback_days=lookback_days, definition=definition
        )
        tree = translated(parsed(query))
        tree.set("order", None)  # a sort of all customers, which a file of many parts forgets
        return session.sql(tree.sql(dialect="spark"))

    known = expectations
    if known == "fit":
        known = spark_fit(frame(FITTED_FROM)) if needs_expectations(features) else None
    rows = frame(with_expectations(features, known, definition=definition))
    stamp = f"timestamp_micros({round(as_of.timestamp() * 1_000_000)}) AS as_of"
    return rows.selectExpr("customer_id", stamp, *(f"`{feature.name}`" for feature in features))


def session_of(tables: Tables) -> SparkSession:
    """Return the session in which tables are views."""
    return cast("SparkConnection", tables.connection).session


def collected(frame: DataFrame) -> pa.Table:
    """Return a snapshot as :func:`features.snapshot.build_snapshot` does, ordered by customer."""
    return frame.toArrow().combine_chunks().sort_by("customer_id")
