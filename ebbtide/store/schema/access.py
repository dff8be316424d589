"""Keys of the API, and the log of privileged deeds."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ebbtide.store.schema.base import METADATA, Instant

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("key_id", String(12), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("rate_limit", String(20)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Index("api_keys_by_name", "name"),
)
"""``scopes`` is a JSON array. Rows are never deleted: once there was a key, there is no demo mode.
``last_used_at`` is exact to the hour."""

AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("deed", String(64), nullable=False),
    Column("subject", String(64)),
    Column("details", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""``sequence`` counts from 1 without a gap; ``subject`` is a pseudonym; ``details`` is canonical
JSON."""

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row, ``id`` 1: the newest entry of the log. Who appends locks it."""
