"""First tables: events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "events",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=True),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("events_pkey")),
        sa.UniqueConstraint("identity", name=op.f("events_identity_key")),
        if_not_exists=True,
    )
    op.create_index(
        "events_by_customer",
        "events",
        ["customer_id", "known_at"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index("events_by_time", "events", ["received_at"], unique=False, if_not_exists=True)
    op.create_table(
        "history_layouts",
        sa.Column("layout_id", sa.String(length=16), nullable=False),
        sa.Column("lookback_days", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("layout_id", name=op.f("history_layouts_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "rescore_queue",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("waiting_since", Instant(), nullable=False),
        sa.Column("newest_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("rescore_queue_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "rescore_queue_by_turn",
        "rescore_queue",
        ["priority", "waiting_since"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "histories",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("layout_id", sa.String(length=16), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layout_id"], ["history_layouts.layout_id"], name=op.f("histories_layout_id_fkey")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("histories_pkey")),
        if_not_exists=True,
    )
    op.create_index("histories_by_time", "histories", ["as_of"], unique=False, if_not_exists=True)
