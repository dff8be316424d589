"""Who wants to be told, what is to be told, and what became of each attempt."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.schema.base import METADATA, Instant

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("webhook_id", String(32), primary_key=True),
    Column("url", String(2048), nullable=False),
    Column("kinds", Text, nullable=False),
    Column("description", String(200), nullable=False),
    Column("secret", String(128), nullable=False),
    Column("old_secret", String(128)),
    Column("old_secret_until", Instant),
    Column("is_enabled", Boolean, nullable=False),
    Column("disabled_because", String(64)),
    Column("failing_since", Instant),
    Column("created_at", Instant, nullable=False),
)
"""``kinds`` is a JSON array. The secret has to be there in clear: it signs."""

WEBHOOK_MESSAGES = Table(
    "webhook_messages",
    METADATA,
    Column("message_id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("customer_id", String(MAX_ID_LENGTH)),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("webhook_messages_by_customer", "customer_id"),
    Index("webhook_messages_by_time", "created_at"),
)
"""``body`` is what is sent, to the byte; ``customer_id`` is whom it is about, for erasure."""

WEBHOOK_DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column(
        "message_id",
        ForeignKey(WEBHOOK_MESSAGES.c.message_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("webhook_id", ForeignKey(WEBHOOKS.c.webhook_id, ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("last_status", Integer),
    Column("last_error", String(64)),
    Column("delivered_at", Instant),
    Column("created_at", Instant, nullable=False),
    Index("webhook_deliveries_due", "state", "due_at"),
    Index("webhook_deliveries_by_webhook", "webhook_id", "created_at", "message_id"),
)
"""``state`` is waiting, delivered or dead."""

ANNOUNCEMENTS = Table(
    "announcements",
    METADATA,
    Column("subject", String(40), primary_key=True),
    Column("announced", String(200), nullable=False),
    Column("announced_at", Instant, nullable=False),
)
"""What was told last about something, so that a change is told once, by whoever sees it first."""
