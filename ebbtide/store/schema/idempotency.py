"""What was answered to requests that carried a key of their own."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ebbtide.store.schema.base import METADATA, Instant

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("caller", String(64), primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Index("idempotency_keys_by_time", "kept_at"),
)
"""``fingerprint`` is the hash of method, path and body; ``content`` the answer's body as JSON."""
