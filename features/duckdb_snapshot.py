"""Build a snapshot with DuckDB: the whole of the catalogue's SQL as one query.

The arrays of ``features.arrays`` compute the same several times faster; this is what they, and
Spark, are held against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ebbtide.errors import ContractError
from features.query import snapshot_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from features.catalogue.feature import Feature
    from features.tables import Tables

_BEYOND_DECIMALS = (duckdb.ConversionException, duckdb.OutOfRangeException)


def duckdb_snapshot(
    tables: Tables,
    *,
    as_of: datetime,
    features: Sequence[Feature],
    lookback_days: int,
    definition: ChurnDefinition,
) -> pa.Table:
    """Return the features of all customers who live at an instant.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant, exclusive.
    features : which features, with their parameters filled in.
    lookback_days : how far back to look, days.
    definition : says who is alive.

    Returns
    -------
    pyarrow.Table
        As :func:`features.snapshot.build_snapshot` returns it.

    Raises
    ------
    ContractError
        If a number is beyond what the decimals of the sums hold.
    """
    query = snapshot_sql(
        features, tables.columns, as_of=as_of, lookback_days=lookback_days, definition=definition
    )
    try:
        rows = tables.connection.sql(query).to_arrow_table()
    except _BEYOND_DECIMALS:
        # DuckDB's own words quote the value; from None, as no traceback may show them either.
        raise ContractError(
            "Expected numbers of at most 14 digits before the point, got larger ones or sums. "
            "Check the units of amounts, quantities, levels and values."
        ) from None
    instants = pa.repeat(pa.scalar(as_of, type=pa.timestamp("us", tz="UTC")), rows.num_rows)
    return rows.add_column(1, "as_of", instants)
