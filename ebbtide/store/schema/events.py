"""Histories, the events that came since, and which customers they are to be scored again for."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.schema.base import METADATA, Instant

HISTORY_LAYOUTS = Table(
    "history_layouts",
    METADATA,
    Column("layout_id", String(16), primary_key=True),
    Column("lookback_days", Integer, nullable=False),
    Column("columns", Text, nullable=False),
)
"""Which columns of which tables histories hold (JSON), and how far they go back; by their hash."""

HISTORIES = Table(
    "histories",
    METADATA,
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("as_of", Instant, nullable=False),
    Column("layout_id", ForeignKey(HISTORY_LAYOUTS.c.layout_id), nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Index("histories_by_time", "as_of"),
)
"""The rows of each customer as they were known before ``as_of``; only the newest are kept."""

EVENTS = Table(
    "events",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("identity", String(64), nullable=False, unique=True),
    Column("customer_id", String(MAX_ID_LENGTH), nullable=False),
    Column("table_name", String(32), nullable=False),
    Column("event_id", String(MAX_ID_LENGTH)),
    Column("known_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("content", Text, nullable=False),
    Index("events_by_customer", "customer_id", "known_at"),
    Index("events_by_time", "received_at"),
)
"""Rows that came by the interface, never changed: what completes or corrects one is another row.
``identity`` is a hash by which one that is sent again is known; ``content`` is JSON."""

RESCORE_QUEUE = Table(
    "rescore_queue",
    METADATA,
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("priority", Integer, nullable=False),
    Column("waiting_since", Instant, nullable=False),
    Column("newest_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", String(32)),
    Column("leased_until", Instant),
    Index("rescore_queue_by_turn", "priority", "waiting_since"),
)
"""Customers with news. ``version`` counts the news, so that what comes while one is scored is not
lost; ``priority`` 0 goes before 1, which is of many at once."""
