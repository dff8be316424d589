"""Histories: the rows of each customer as a publish knew them, packed, one for each customer.

What is in them is said by their layout. They are made by ``features.histories``; how events are
laid over them is in ``service.recording.known_rows``.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from ebbtide.contracts.tables import table_contract
from ebbtide.store.schema.events import HISTORIES, HISTORY_LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from ebbtide.contracts.tables import ColumnKind
    from ebbtide.store.database import Database

Rows = dict[str, list[dict[str, object]]]
"""Rows by table: aware instants, None where there is nothing, no ``customer_id``."""

_CHUNK = 500  # ids in one query
_LEVEL = 3  # of zlib: half the time of the usual 6, for a tenth more bytes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What histories hold.

    Parameters
    ----------
    columns : the columns of each table, in the order of a packed row.
    lookback_days : how far before ``as_of`` they go back, days.
    """

    columns: Mapping[str, tuple[str, ...]]
    lookback_days: int

    @property
    def id(self) -> str:
        """Its hash: equal layouts have equal ids."""
        written = f"{self.lookback_days} {_written(self)}"
        return hashlib.sha256(written.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The rows of one customer as they were known before an instant.

    Parameters
    ----------
    as_of : the instant, aware, exclusive.
    layout : which columns they have, and how far they go back.
    rows : by table; a table without rows is there, too.
    """

    as_of: datetime
    layout: Layout
    rows: Rows


@dataclass(slots=True)
class Histories:
    """The histories of one database; layouts that were read once are remembered."""

    database: Database
    _layouts: dict[str, Layout] = field(default_factory=dict)

    def keep(
        self,
        connection: Connection,
        histories: Sequence[tuple[str, bytes]],
        *,
        as_of: datetime,
        layout: Layout,
    ) -> None:
        """Keep histories as a part of a unit; one of a later ``as_of`` stays as it is.

        Parameters
        ----------
        connection : of the unit.
        histories : customers and their packed rows.
        as_of : of all of them.
        layout : of all of them.
        """
        if not histories:
            return
        connection.execute(
            self.database.insert(HISTORY_LAYOUTS).on_conflict_do_nothing(),
            {
                "layout_id": layout.id,
                "lookback_days": layout.lookback_days,
                "columns": _written(layout),
            },
        )
        insert = self.database.insert(HISTORIES)
        new = insert.excluded
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["customer_id"],
                set_={"as_of": new.as_of, "layout_id": new.layout_id, "packed": new.packed},
                where=HISTORIES.c.as_of <= new.as_of,
            ),
            [
                {
                    "customer_id": customer_id,
                    "as_of": as_of,
                    "layout_id": layout.id,
                    "packed": packed,
                }
                for customer_id, packed in histories
            ],
        )

    def of(self, connection: Connection, customer_ids: Sequence[str]) -> dict[str, History]:
        """Return the histories of those customers who have one."""
        found = {}
        for start in range(0, len(customer_ids), _CHUNK):
            part = customer_ids[start : start + _CHUNK]
            query = select(HISTORIES).where(HISTORIES.c.customer_id.in_(part))
            for row in connection.execute(query):
                layout = self.layout(connection, row.layout_id)
                rows = _unpacked(row.packed, layout)
                found[row.customer_id] = History(as_of=row.as_of, layout=layout, rows=rows)
        return found

    def published(
        self, connection: Connection, customer_ids: Sequence[str]
    ) -> dict[str, tuple[datetime, Layout]]:
        """Return ``as_of`` and layout of those who have a history, without reading its rows."""
        found = {}
        held = HISTORIES.c
        for start in range(0, len(customer_ids), _CHUNK):
            part = customer_ids[start : start + _CHUNK]
            query = select(held.customer_id, held.as_of, held.layout_id)
            for row in connection.execute(query.where(held.customer_id.in_(part))):
                layout = self.layout(connection, row.layout_id)
                found[row.customer_id] = (row.as_of, layout)
        return found

    def layout(self, connection: Connection, layout_id: str) -> Layout:
        """Return the layout of an id."""
        if layout_id not in self._layouts:
            query = select(HISTORY_LAYOUTS).where(HISTORY_LAYOUTS.c.layout_id == layout_id)
            row = connection.execute(query).one()
            columns = {name: tuple(each) for name, each in json.loads(row.columns).items()}
            self._layouts[layout_id] = Layout(columns=columns, lookback_days=row.lookback_days)
        return self._layouts[layout_id]


def drop_histories_before(connection: Connection, as_of: datetime, *, at_most: int) -> int:
    """Delete histories that a publish has not renewed; return how many, as a part of a unit.

    Parameters
    ----------
    connection : of the unit.
    as_of : of the publish; older ones are of customers of whom it saw no row.
    at_most : how many to delete at once.
    """
    old = select(HISTORIES.c.customer_id).where(HISTORIES.c.as_of < as_of).limit(at_most)
    deleted = connection.execute(delete(HISTORIES).where(HISTORIES.c.customer_id.in_(old)))
    return int(deleted.rowcount)


def pack(rows: str) -> bytes:
    """Pack the rows of one customer.

    Parameters
    ----------
    rows : a JSON array for each table of the layout, with an array for each row; instants are
        microseconds since 1970.
    """
    return zlib.compress(rows.encode(), _LEVEL)


def _written(layout: Layout) -> str:
    return json.dumps({name: list(columns) for name, columns in layout.columns.items()})


def _unpacked(packed: bytes, layout: Layout) -> Rows:
    tables = json.loads(zlib.decompress(packed))
    return {
        name: _typed(rows, name, columns)
        for (name, columns), rows in zip(layout.columns.items(), tables, strict=True)
    }


def _typed(rows: list[list[Any]], table: str, columns: tuple[str, ...]) -> list[dict[str, object]]:
    contract = table_contract(table)
    kinds: list[ColumnKind] = [contract.column(name).kind for name in columns]
    return [
        {
            name: instant(value) if kind == "instant" and value is not None else value
            for name, kind, value in zip(columns, kinds, row, strict=True)
        }
        for row in rows
    ]


def instant(microseconds: int) -> datetime:
    """Return the instant so many microseconds after 1970 began.

    Examples
    --------
    >>> instant(1_000_001).isoformat()
    '1970-01-01T00:00:01.000001+00:00'
    """
    return _EPOCH + timedelta(microseconds=microseconds)
