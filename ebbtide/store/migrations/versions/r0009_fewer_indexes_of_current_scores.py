"""Fewer indexes of current scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_HAS_ACTION = sa.text("action_code IS NOT NULL")


def upgrade() -> None:
    """Change the tables."""
    op.drop_index("current_scores_by_time", table_name="current_scores", if_exists=True)
    op.drop_index("current_scores_by_action", table_name="current_scores", if_exists=True)
    op.create_index(
        "current_scores_by_action",
        "current_scores",
        ["action_code", "sequence"],
        sqlite_where=_HAS_ACTION,
        postgresql_where=_HAS_ACTION,
    )
