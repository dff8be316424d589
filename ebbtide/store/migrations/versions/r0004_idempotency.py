"""First tables: idempotency."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("kept_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "idempotency_key", name=op.f("idempotency_keys_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "idempotency_keys_by_time",
        "idempotency_keys",
        ["kept_at"],
        unique=False,
        if_not_exists=True,
    )
