"""Features of one customer from raw events, by the very SQL and arrays that training runs.

The events become arrays as the tables did, and go through the same filter and the same views. They
get the columns that the company had at training, no more and no fewer: an optional column changes
what a feature means. Whether a row is well-formed is for the caller to check first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.tables import table_contract
from features.arrays.rows import columns_of_rows
from features.arrays.snapshot import Plan
from features.catalogue.catalogue import features_named, operands
from features.expectations import with_expectations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from features.btyd.parameters import BuyTillYouDie
    from features.catalogue.feature import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFeatures:
    """Features of one customer, or the news that there is nobody to score.

    Parameters
    ----------
    is_alive : whether the events say so: by a recent purchase, or by a contract that runs.
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
    expectations: BuyTillYouDie | None = None,
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
    expectations : parameters of the buying model that were fitted at training; None leaves the
        features null that need them.

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
    needed = tables_read(features, definition=definition)
    known = {
        name: frozenset(
            table_contract(name).names if columns is None else columns[name] | {"known_at"}
        )
        for name in needed
    }
    plan = _plan(tuple(names), tuple(sorted(known.items())), definition, expectations)
    arrays = {
        name: columns_of_rows(name, events.get(name, ()), read=read)
        for name, read in plan.read.items()
    }
    found = plan.run(
        arrays,
        as_of=as_of,
        lookback_days=lookback_days,
        definition=definition,
    )
    is_alive = len(found.customers) > 0
    told = found.values(plan.features) if is_alive else []
    return LiveFeatures(
        is_alive=is_alive,
        values=np.array([column[0] for column in told], dtype=np.float64),
        tables_absent=tuple(name for name in needed if name not in events),
        columns_absent=_columns_absent(events, features, columns=known, definition=definition),
    )


@lru_cache(maxsize=64)
def _plan(
    names: tuple[str, ...],
    columns: tuple[tuple[str, frozenset[str]], ...],
    definition: ChurnDefinition,
    expectations: BuyTillYouDie | None,
) -> Plan:
    """Return the plan for a model's features, which is the same for every request."""
    features = with_expectations(features_named(names), expectations, definition=definition)
    zone, kind = definition.time_zone, definition.kind
    return Plan.of(features, dict(columns), time_zone=zone, kind=kind).compiled()


def tables_read(features: Iterable[Feature], *, definition: ChurnDefinition) -> tuple[str, ...]:
    """Return the tables that features are computed from, after the one that says who is alive.

    Parameters
    ----------
    features : which features.
    definition : says who is alive.

    Examples
    --------
    >>> from ebbtide.definition import ChurnDefinition
    >>> monthly = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
    >>> tables_read(features_named(["complaints_90d", "recency_days"]), definition=monthly)
    ('subscriptions', 'complaints', 'transactions')
    """
    tables = [definition.log_table, *(feature.contract.table for feature in features)]
    return tuple(dict.fromkeys(tables))


def columns_read(
    features: Sequence[Feature], *, definition: ChurnDefinition
) -> dict[str, tuple[str, ...]]:
    """Return the optional columns that features are computed from, by table.

    ``known_at`` is not among them: where it is null, a row was known when it happened.

    Examples
    --------
    >>> from ebbtide.definition import ChurnDefinition
    >>> year = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
    >>> columns_read(features_named(["complaint_open_days"]), definition=year)["complaints"]
    ('resolved_at',)
    """
    named: dict[str, set[str]] = {
        table: set() for table in tables_read(features, definition=definition)
    }
    for feature in (*features, *operands(features)):
        named[feature.contract.table] |= set(feature.columns)
    return {
        table: tuple(
            column.name for column in table_contract(table).columns if column.name in named[table]
        )
        for table in named
    }


def _columns_absent(
    events: Mapping[str, Sequence[Mapping[str, object]]],
    features: Sequence[Feature],
    *,
    columns: Mapping[str, Set[str]],
    definition: ChurnDefinition,
) -> tuple[str, ...]:
    return tuple(
        f"{table}.{column}"
        for table, read in columns_read(features, definition=definition).items()
        for column in read
        if events.get(table)
        and column in columns[table]
        and not any(column in row for row in events[table])
    )
