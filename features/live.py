"""Features of one customer from raw events, by the very query that training runs.

The events are loaded as the tables of their names and go through the same typing, the same filter
and the same SQL. They get the columns that the company had at training, no more and no fewer: an
optional column changes what a feature means. Whether a row is well-formed is for the caller to
check first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.contracts.tables import table_contract
from features.catalogue.catalogue import features_named, operands
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation
from features.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set
    from datetime import datetime

    import duckdb
    from numpy.typing import NDArray

    from ebbtide.contracts.tables import ColumnKind
    from ebbtide.definition import ChurnDefinition
    from features.catalogue.feature import Feature

_MEMORY = "256MB"

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
    columns_absent : columns, as ``table.column``, that the features read and that none of the rows
        of a table that was sent has; taken as null.
    """

    is_alive: bool
    values: NDArray[np.float64]
    tables_absent: tuple[str, ...]
    columns_absent: tuple[str, ...] = ()


def features_of_events(
    events: Mapping[str, Sequence[Mapping[str, object]]],
    *,
    customer_id: str,
    as_of: datetime,
    names: Sequence[str],
    lookback_days: int,
    definition: ChurnDefinition,
    columns: Mapping[str, Set[str]] | None = None,
) -> LiveFeatures:
    """Compute the features of one customer from raw events.

    Parameters
    ----------
    events : rows of each table, by the table's name, without ``customer_id``; aware datetimes. A
        column that holds nothing is there with None.
    customer_id : whose events they are.
    as_of : aware instant, exclusive; later events are not seen.
    names : features of the catalogue.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    columns : the columns of each table that the company had at training; others that the rows may
        have are dropped, except ``known_at``. None is every column of the contract.

    Raises
    ------
    ContractError
        If a table or feature does not exist.
    duckdb.OutOfMemoryException
        If the events are too many for the 256 MB that one customer may take.

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
    needed = tables_read(features)
    known = {
        name: frozenset(
            table_contract(name).names if columns is None else columns[name] | {"known_at"}
        )
        for name in needed
    }
    connection = _small_connection()
    try:
        loaded = {}
        for name in needed:
            raw = _raw_table(name, events.get(name, ()), customer_id, columns=known[name])
            connection.register(f"raw_{name}", raw)
            loaded[name] = load_relation(connection, name)
        snapshot = build_snapshot(
            Tables(connection=connection, columns=loaded),
            as_of=as_of,
            features=features,
            lookback_days=lookback_days,
            definition=definition,
        )
    finally:
        connection.close()
    is_alive = snapshot.num_rows > 0
    values = [snapshot[name][0].as_py() for name in names] if is_alive else []
    return LiveFeatures(
        is_alive=is_alive,
        values=np.array([np.nan if value is None else value for value in values], dtype=float),
        tables_absent=tuple(name for name in needed if name not in events),
        columns_absent=_columns_absent(events, features, columns=known),
    )


def _small_connection() -> duckdb.DuckDBPyConnection:
    """Open a DuckDB for one customer: one thread, little memory, nothing written to disk."""
    connection = connect("UTC")
    connection.execute("SET threads = 1")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute("SET temp_directory = ''")
    return connection


def tables_read(features: Iterable[Feature]) -> tuple[str, ...]:
    """Return the tables that features are computed from; purchases always say who is alive.

    Examples
    --------
    >>> tables_read(features_named(["complaints_90d", "recency_days"]))
    ('transactions', 'complaints')
    """
    return tuple(dict.fromkeys(["transactions", *(feature.contract.table for feature in features)]))


def columns_read(features: Sequence[Feature]) -> dict[str, tuple[str, ...]]:
    """Return the optional columns that features are computed from, by table.

    They are those that a feature declares, and those that its SQL or its views name. ``known_at``
    is not among them: where it is null, a row was known when it happened.

    Examples
    --------
    >>> columns_read(features_named(["orders_365d", "complaint_open_days"]))["complaints"]
    ('resolved_at',)
    """
    words: dict[str, set[str]] = {table: set() for table in tables_read(features)}
    for feature in (*features, *operands(features)):
        words[feature.contract.table] |= {*feature.columns, *_words_of_sql(feature)}
    return {
        table: tuple(
            column.name
            for column in table_contract(table).columns
            if column.name in named and column.name != "known_at" and not column.is_required
        )
        for table, named in words.items()
    }


def _words_of_sql(feature: Feature) -> set[str]:
    if feature.view is None:
        return set()
    words = set(re.findall(r"\w+", feature.sql))
    views = [feature.view]
    while views:
        named = set(re.findall(r"\w+", VIEWS[views.pop()].sql))
        views += named & set(VIEWS)
        words |= named
    return words


def _columns_absent(
    events: Mapping[str, Sequence[Mapping[str, object]]],
    features: Sequence[Feature],
    *,
    columns: Mapping[str, Set[str]],
) -> tuple[str, ...]:
    return tuple(
        f"{table}.{column}"
        for table, read in columns_read(features).items()
        for column in read
        if events.get(table)
        and column in columns[table]
        and not any(column in row for row in events[table])
    )


def _raw_table(
    name: str, rows: Sequence[Mapping[str, object]], customer_id: str, *, columns: Set[str]
) -> pa.Table:
    contract = table_contract(name)
    arrays = {
        column.name: pa.array(
            [customer_id] * len(rows)
            if column.name == "customer_id"
            else [row.get(column.name) for row in rows],
            type=_RAW_TYPES[column.kind],
        )
        for column in contract.columns
        if column.name in columns
    }
    return pa.table(arrays)
