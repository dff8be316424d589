"""The first tables."""

from __future__ import annotations

from alembic import op

from ebbtide.store.schema.every import METADATA

revision = "0001"
down_revision = "0000"


def upgrade() -> None:
    """Make the tables that are not there."""
    METADATA.create_all(op.get_bind())
