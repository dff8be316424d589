"""Fit what features expect of customers, where the customers are on Spark.

The driver fits, on the very histories that it would have kept of a local table: equal histories
come over once, and beyond 20,000 the same ones are picked on Spark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady
from features.btyd.parameters import MOST_HISTORIES, fit_parameters

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from features.btyd.parameters import BuyTillYouDie

_HISTORY = ("repeats", "last_days", "age_days")


def spark_fit(customers: DataFrame, *, most: int = MOST_HISTORIES) -> BuyTillYouDie | None:
    """Fit the buying model on the customers of a snapshot.

    Parameters
    ----------
    customers : a row for each, with the columns of ``FITTED_FROM``.
    most : at most so many histories, and as many sums of spend, come to the driver.

    Returns
    -------
    BuyTillYouDie or None
        As :func:`features.expectations.fit_expectations` returns it for the same customers.
    """
    kept = customers.dropna().persist()  # who has a contract need not have purchased
    try:
        histories = _histories(kept, most)
        spends = _spends(kept, most)
    finally:
        kept.unpersist()
    columns = {
        name: histories[name].to_numpy().astype(np.float64) for name in (*_HISTORY, "weights")
    }
    try:
        return fit_parameters(
            **columns,
            purchases=spends["purchases"].to_numpy(),
            spend=spends["spend"].to_numpy(),
        )
    except NotReady:
        return None


def _histories(customers: DataFrame, most: int) -> pa.Table:
    """Return different histories and how many customers share each."""
    groups = customers.groupBy(*_HISTORY).count().withColumnRenamed("count", "weights")
    different = groups.limit(most + 1).toArrow()
    if different.num_rows <= most:
        return different
    n = customers.count()
    picked = _every_kth(customers.select(*_HISTORY), first="repeats", n=n, most=most)
    rows = picked.toArrow()
    return rows.append_column("weights", [np.full(rows.num_rows, n / most)])


def _spends(customers: DataFrame, most: int) -> pa.Table:
    """Return purchase days and the spend on them, of customers who spent anything."""
    spent = customers.where("purchases > 0 AND spend > 0").selectExpr(
        "purchases", "spend / purchases AS mean", "spend"
    )
    n = spent.count()
    if n > most:
        spent = _every_kth(spent, first="purchases", n=n, most=most)
    return spent.toArrow()


def _every_kth(rows: DataFrame, *, first: str, n: int, most: int) -> DataFrame:
    """Return the rows at evenly spaced places of all rows, sorted by their columns in order.

    Places are counted within each value of the first column, so that no machine sorts everything.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    session, others = rows.sparkSession, [name for name in rows.columns if name != first]
    sizes = {row[0]: row[1] for row in rows.groupBy(first).count().collect()}
    values = sorted(sizes)
    before = np.concatenate([[0], np.cumsum([sizes[value] for value in values])[:-1]])
    starts = session.createDataFrame(
        list(zip(values, before.tolist(), strict=True)), f"{first} double, start long"
    )
    places = session.createDataFrame(
        [(int(place),) for place in np.linspace(0, n - 1, most).round()], "place long"
    )
    in_order = Window.partitionBy(first).orderBy(*others)
    placed = (
        rows.withColumn("within", sql.row_number().over(in_order))
        .join(sql.broadcast(starts), first)
        .withColumn("place", sql.col("start") + sql.col("within") - 1)
    )
    return placed.join(sql.broadcast(places), "place").select(*rows.columns)
