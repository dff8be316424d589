"""Every customer with a stored snapshot, as rows that name nothing but the customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.store.snapshot_customers import count_customers, customers_after
from service.jobs.reading.chunk import CHUNK_ROWS, Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ebbtide.store.database import Database


def stored_chunks(database: Database, *, place: dict[str, Any] | None) -> Iterator[Chunk]:
    """Yield the customers with a stored snapshot in the order of their ids.

    Who is published behind the place where the job is comes in, too; who is published before it
    does not.

    Parameters
    ----------
    database : with the snapshots.
    place : where to begin: ``after`` of the last chunk, None for the beginning.
    """
    after = None if place is None else str(place["customer_id"])
    with database.read("count the snapshots") as connection:
        done = 0 if after is None else count_customers(connection, until=after)
        total = count_customers(connection)
    while ids := _next(database, after):
        after = ids[-1]
        done += len(ids)
        total = max(total, done)
        yield Chunk(
            rows=[{"customer_id": customer_id} for customer_id in ids],
            after={"customer_id": after},
            progress=done / total,
            rows_total=total,
        )


def _next(database: Database, after: str | None) -> Sequence[str]:
    with database.read("look up snapshots") as connection:
        return customers_after(connection, after, limit=CHUNK_ROWS)
