"""Who has a stored snapshot, in the order of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ebbtide.store.schema.scores import SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def customers_after(connection: Connection, after: str | None, *, limit: int) -> Sequence[str]:
    """Return the next customers behind an id; None begins with the first."""
    query = select(SNAPSHOTS.c.customer_id).distinct().order_by(SNAPSHOTS.c.customer_id)
    if after is not None:
        query = query.where(SNAPSHOTS.c.customer_id > after)
    return connection.scalars(query.limit(limit)).all()


def count_customers(connection: Connection, *, until: str | None = None) -> int:
    """Return how many customers there are, up to and with an id; None counts all."""
    query = select(func.count(SNAPSHOTS.c.customer_id.distinct()))
    if until is not None:
        query = query.where(SNAPSHOTS.c.customer_id <= until)
    return connection.scalar(query) or 0
