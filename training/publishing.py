"""Give the service what it needs to answer about customers: their snapshots, and their histories.

All is written part by part, so that the service, which writes to the same database, never waits for
long. Where it ends early, publish again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ebbtide.store.erasure import barred_by
from ebbtide.store.events import customers_with_events_since
from ebbtide.store.histories import Histories, drop_histories_before, pack
from ebbtide.store.rescore_queue import LATER, queue_customers
from features.histories import histories, layout_of
from training.score import tables_as_trained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.histories import Layout
    from ebbtide.store.sql import SqlStore
    from features.tables import Tables

_DROPPED_AT_ONCE = 2_000


def publish_histories(
    store: SqlStore, tables: Tables, *, bundle: Bundle, as_of: datetime, now: datetime
) -> int:
    """Store the rows that a model reads of every customer of whom it sees any.

    With them the service computes features anew when events come. Customers of whom events came
    that this publish does not cover are scored again. Who was erased since ``as_of`` is left out.

    Parameters
    ----------
    store : where to.
    tables : the typed tables.
    bundle : the model.
    as_of : aware instant, exclusive.
    now : the present.

    Returns
    -------
    int
        Of how many customers.
    """
    read = tables_as_trained(bundle, tables)
    layout = layout_of(read, lookback_days=bundle.lookback_days)
    kept = Histories(store.database)
    count = 0
    for part in histories(read, layout, as_of=as_of):
        packed = [(customer_id, pack(rows)) for customer_id, rows in part]
        unit = partial(
            _keep, part=packed, kept=kept, store=store, layout=layout, as_of=as_of, now=now
        )
        count += store.database.write(unit, deed="keep the histories")
    drop = partial(drop_histories_before, as_of=as_of, at_most=_DROPPED_AT_ONCE)
    while store.database.write(drop, deed="drop histories that are not renewed"):
        pass
    return count


def _keep(
    connection: Connection,
    *,
    part: Sequence[tuple[str, bytes]],
    kept: Histories,
    store: SqlStore,
    layout: Layout,
    as_of: datetime,
    now: datetime,
) -> int:
    barred = barred_by(
        store.erasures, connection, ((customer_id, as_of) for customer_id, _ in part)
    )
    allowed = [each for each in part if (each[0], as_of) not in barred]
    kept.keep(connection, allowed, as_of=as_of, layout=layout)
    ids = [customer_id for customer_id, _ in allowed]
    with_news = customers_with_events_since(connection, ids, as_of)
    queue_customers(connection, with_news, database=store.database, at=now, priority=LATER)
    return len(allowed)
