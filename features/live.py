"""Features of one customer from raw events, by the very query that training runs.

The events are loaded as the tables of their names and go through the same typing, the same filter
and the same SQL. Whether a row is well-formed is for the caller to check first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.contracts.tables import table_contract
from features.catalogue.catalogue import features_named
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.contracts.tables import ColumnKind
    from ebbtide.definition import ChurnDefinition

_RAW_TYPES: dict[ColumnKind, pa.DataType] = {
    "id": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "money": pa.float64(),
    "number": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFeatures:
    """Features of one customer, or the news that there is nobody to score.

    Parameters
    ----------
    is_alive : whether the events hold a purchase that is recent enough.
    values : the features, in the order asked for, NaN where missing; empty if not alive.
    tables_absent : tables that the features read and that were not sent; taken as empty.
    """

    is_alive: bool
    values: NDArray[np.float64]
    tables_absent: tuple[str, ...]


def features_of_events(
    events: Mapping[str, Sequence[Mapping[str, object]]],
    *,
    customer_id: str,
    as_of: datetime,
    names: Sequence[str],
    lookback_days: int,
    definition: ChurnDefinition,
) -> LiveFeatures:
    """Compute the features of one customer from raw events.

    Parameters
    ----------
    events : rows of each table, by the table's name, without ``customer_id``; aware datetimes.
    customer_id : whose events they are.
    as_of : aware instant, exclusive; later events are not seen.
    names : features of the catalogue.
    lookback_days : how far back to look, days.
    definition : says who is alive.

    Raises
    ------
    ContractError
        If a table or feature does not exist.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from ebbtide.definition import ChurnDefinition
    >>> bought = {"occurred_at": datetime(2011, 1, 1, tzinfo=UTC), "amount": 20.0}
    >>> features_of_events(
    ...     {"transactions": [bought]},
    ...     customer_id="c1",
    ...     as_of=datetime(2011, 1, 31, tzinfo=UTC),
    ...     names=["recency_days", "spend_90d"],
    ...     lookback_days=365,
    ...     definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    ... ).values.tolist()
    [30.0, 20.0]
    """
    features = features_named(names)
    needed = dict.fromkeys(["transactions", *(feature.contract.table for feature in features)])
    connection = connect("UTC")
    try:
        columns = {}
        for name in needed:
            raw = _raw_table(name, events.get(name, ()), customer_id)
            connection.register(f"raw_{name}", raw)
            columns[name] = load_relation(connection, name)
        snapshot = build_snapshot(
            Tables(connection=connection, columns=columns),
            as_of=as_of,
            features=features,
            lookback_days=lookback_days,
            definition=definition,
        )
    finally:
        connection.close()
    absent = tuple(name for name in needed if name not in events)
    if snapshot.num_rows == 0:
        return LiveFeatures(is_alive=False, values=np.empty(0), tables_absent=absent)
    values = [snapshot[name][0].as_py() for name in names]
    row = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return LiveFeatures(is_alive=True, values=row, tables_absent=absent)


def _raw_table(name: str, rows: Sequence[Mapping[str, object]], customer_id: str) -> pa.Table:
    contract = table_contract(name)
    columns = {
        column.name: pa.array(
            [customer_id] * len(rows)
            if column.name == "customer_id"
            else [row.get(column.name) for row in rows],
            type=_RAW_TYPES[column.kind],
        )
        for column in contract.columns
    }
    return pa.table(columns)
