"""First tables: privacy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "erasures",
        sa.Column("pseudonym", sa.String(length=32), nullable=False),
        sa.Column("erased_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("erasures_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "preferences",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("profiling_opt_out", sa.Boolean(), nullable=False),
        sa.Column("contact_opt_out", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("preferences_pkey")),
        if_not_exists=True,
    )
