"""What databases from before there were steps lack: what features were computed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0000"
down_revision: str | None = None


def upgrade() -> None:
    """Add the columns to a table that is there without them."""
    inspector = sa.inspect(op.get_bind())
    if "feature_sets" not in inspector.get_table_names():
        return
    present = {each["name"] for each in inspector.get_columns("feature_sets")}
    if "catalogue_version" in present:
        return
    op.add_column("feature_sets", sa.Column("catalogue_version", sa.String(64)))
    op.add_column("feature_sets", sa.Column("definition", sa.String(64)))
    op.add_column("feature_sets", sa.Column("lookback_days", sa.Integer()))
