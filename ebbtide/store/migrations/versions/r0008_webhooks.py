"""First tables: webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "announcements",
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("announced", sa.String(length=200), nullable=False),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("announcements_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "webhook_messages",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=128), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("webhook_messages_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "webhook_messages_by_customer",
        "webhook_messages",
        ["customer_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "webhook_messages_by_time",
        "webhook_messages",
        ["created_at"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False),
        sa.Column("old_secret", sa.String(length=128), nullable=True),
        sa.Column("old_secret_until", Instant(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_because", sa.String(length=64), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("webhooks_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("webhook_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_messages.message_id"],
            name=op.f("webhook_deliveries_message_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.webhook_id"],
            name=op.f("webhook_deliveries_webhook_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "webhook_id", name=op.f("webhook_deliveries_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "webhook_deliveries_by_webhook",
        "webhook_deliveries",
        ["webhook_id", "created_at", "message_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "webhook_deliveries_due",
        "webhook_deliveries",
        ["state", "due_at"],
        unique=False,
        if_not_exists=True,
    )
